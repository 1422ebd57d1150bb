/* ResNet-18 and ResNet-34 for small images: a 3x3 stem without pooling, four stages of basic blocks
 * of 64 to 512 channels, 1x1 convolution + BN shortcuts (docs/models.md). */

#include "common/nn/models/models.h"

#include <string.h>

static bool matches(const char *arch)
{
    return strcmp(arch, "resnet18") == 0 || strcmp(arch, "resnet34") == 0;
}

static rt_status check(const rt_network_description *description)
{
    (void)description;
    return RT_OK;
}

static void build(rt_layers *layers, const rt_network_description *d, rt_tensor *x,
                  rt_network_outputs *outputs)
{
    const bool deep = strcmp(d->arch, "resnet34") == 0;
    const rt_resnet_stages_options options = {
        .width = d->base_width > 0 ? d->base_width : 64,
        .stages = 4,
        .blocks = {deep ? 3 : 2, deep ? 4 : 2, deep ? 6 : 2, deep ? 3 : 2},
    };
    rt_resnet_stages(layers, x, &options, outputs);
    outputs->logits = rt_layer_linear(layers, "linear", outputs->features, d->classes);
}

const rt_model_family rt_resnet_family = {
    .pattern = "resnet18, resnet34",
    .matches = matches,
    .check = check,
    .rule = RT_RULE_HE_FAN_OUT,
    .build = build,
};
