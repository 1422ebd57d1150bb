/* ResNets for small images (He et al. 2015, section 4.2): three stages of n blocks, depth 6n+2.
 * Where a stage begins, the shortcut halves the image: "A" without weights, "B" with a 1x1
 * convolution (resnet_stages.c). */

#include "common/nn/models/models.h"

#include <stdlib.h>
#include <string.h>

static bool matches(const char *arch)
{
    if (strncmp(arch, "resnet", 6) != 0) return false;
    char *end;
    strtoul(arch + 6, &end, 10);
    return end != arch + 6 && *end == '\0'; /* the depths of resnet.c come first (registry.c) */
}

static uint32_t blocks_per_stage(const char *arch)
{
    return ((uint32_t)strtoul(arch + 6, NULL, 10) - 2) / 6;
}

static rt_status check(const rt_network_description *d)
{
    const unsigned long depth = strtoul(d->arch + 6, NULL, 10);
    if (depth < 8 || depth > 1202 || (depth - 2) % 6 != 0)
        return rt_fail(RT_ERROR_INPUT,
                       "there is no '%s': the depth of a CIFAR ResNet is 6n+2 (8, 14, 20, 32, 44, "
                       "56, 110); 18, 34, 50, 101 and 152 are the larger form",
                       d->arch);
    if (d->shortcut != NULL && strcmp(d->shortcut, "A") != 0 && strcmp(d->shortcut, "B") != 0)
        return rt_fail(RT_ERROR_INPUT, "unknown shortcut '%s'; take A or B", d->shortcut);
    return RT_OK;
}

static void build(rt_layers *layers, const rt_network_description *d, rt_tensor *x,
                  rt_network_outputs *outputs)
{
    const uint32_t n = blocks_per_stage(d->arch);
    const rt_resnet_stages_options options = {
        .width = d->base_width > 0 ? d->base_width : 16,
        .stages = 3,
        .blocks = {n, n, n},
        .zero_padded = d->shortcut == NULL || strcmp(d->shortcut, "A") == 0,
    };
    rt_resnet_stages(layers, x, &options, outputs);
    outputs->logits = rt_layer_linear(layers, "linear", outputs->features, d->classes);
}

const rt_model_family rt_resnet_cifar_family = {
    .pattern = "resnetD with D = 6n+2 (resnet8, resnet20, ..., resnet110)",
    .matches = matches,
    .check = check,
    .rule = RT_RULE_HE_FAN_IN,
    .build = build,
};
