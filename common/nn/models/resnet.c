/* The ResNets of four stages (He et al. 2015, section 4.1), 64 to 512 channels wide before the
 * bottlenecks' expansion, with shortcuts of 1x1 convolution and batch norm. The large stem is the
 * paper's (7x7, max pool), the small one a 3x3 convolution (docs/models.md). */

#include "common/nn/models/models.h"

#include <string.h>

typedef struct form {
    const char *arch;
    bool bottleneck;
    uint32_t blocks[4];
} form;

static const form forms[] = {
    {"resnet18", false, {2, 2, 2, 2}},  {"resnet34", false, {3, 4, 6, 3}},
    {"resnet50", true, {3, 4, 6, 3}},   {"resnet101", true, {3, 4, 23, 3}},
    {"resnet152", true, {3, 8, 36, 3}},
};

static const form *find(const char *arch)
{
    for (size_t i = 0; i < RT_COUNT(forms); i++)
        if (strcmp(forms[i].arch, arch) == 0) return &forms[i];
    return NULL;
}

static bool matches(const char *arch) { return find(arch) != NULL; }

static rt_status check(const rt_network_description *description)
{
    (void)description;
    return RT_OK;
}

static void build(rt_layers *layers, const rt_network_description *d, rt_tensor *x,
                  rt_network_outputs *outputs)
{
    const form *f = find(d->arch);
    rt_resnet_stages_options options = {
        .width = d->base_width > 0 ? d->base_width : 64,
        .stages = RT_COUNT(f->blocks),
        .bottleneck = f->bottleneck,
        .large_stem = rt_model_large_stem(d),
    };
    memcpy(options.blocks, f->blocks, sizeof options.blocks);
    rt_resnet_stages(layers, x, &options, outputs);
    outputs->logits = rt_layer_linear(layers, "linear", outputs->features, d->classes);
}

const rt_model_family rt_resnet_family = {
    .pattern = "resnet18, resnet34, resnet50, resnet101, resnet152",
    .matches = matches,
    .check = check,
    .large_stem = true,
    .rule = RT_RULE_HE_FAN_OUT,
    .build = build,
};
