/* ShuffleNetV2 (Ma et al. 2018): half of the channels pass a block unchanged, the other half
 * through 1x1, depthwise 3x3 and 1x1 convolutions; a shuffle mixes both. Names as in torchvision:
 * conv1.0, stage2.0.branch1.0, ..., conv5.1, fc. The small stem halves nothing. */

#include "common/nn/models/models.h"

#include "common/ops/channel_shuffle.h"
#include "common/ops/concat.h"
#include "common/ops/global_average_pool.h"
#include "common/ops/pool.h"
#include "common/ops/slice_channels.h"

#include <stdio.h>
#include <string.h>

enum { STAGES = 3, STEM_CHANNELS = 24 };

typedef struct form {
    const char *arch;
    uint32_t width; ///< channels of the first stage
    uint32_t last_channels;
} form;

/* The paper's table 5. */
static const form forms[] = {
    {"shufflenetv2-x0.5", 48, 1024},
    {"shufflenetv2-x1.0", 116, 1024},
    {"shufflenetv2-x1.5", 176, 1024},
    {"shufflenetv2-x2.0", 244, 2048},
};

static const uint32_t blocks[STAGES] = {4, 8, 4};

static const form *find(const char *arch)
{
    for (size_t i = 0; i < RT_COUNT(forms); i++)
        if (strcmp(forms[i].arch, arch) == 0) return &forms[i];
    return NULL;
}

static bool matches(const char *arch) { return find(arch) != NULL; }

static rt_status check(const rt_network_description *d)
{
    if (d->base_width % 2 == 0) return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "'%s' cannot have a base_width of %u: its channels are halved, so take an even "
                   "number",
                   d->arch, d->base_width);
}

/* A convolution and its batch norm: places `position` and `position` + 1 of a branch. */
static rt_tensor *convolution(rt_layers *layers, const char *branch, uint32_t position,
                              rt_tensor *x, const rt_conv2d_layer *layer, rt_activation activation)
{
    char name[32];
    snprintf(name, sizeof name, "%s.%u", branch, position);
    x = rt_layer_conv2d(layers, name, x, layer);
    snprintf(name, sizeof name, "%s.%u", branch, position + 1);
    return rt_layer_batch_norm(layers, name, x, activation, 0);
}

/* What half of a unit's channels come from: first the 1x1 convolution (not in branch1), then a
 * depthwise one and another 1x1. */
static rt_tensor *branch(rt_layers *layers, const char *name, bool begins_wide, rt_tensor *x,
                         uint32_t channels, uint32_t stride)
{
    if (x == NULL) return NULL;
    const rt_conv2d_layer pointwise = {.channels = channels, .kernel = 1, .stride = 1};
    uint32_t position = 0;
    if (begins_wide) {
        x = convolution(layers, name, position, x, &pointwise, RT_ACTIVATION_RELU);
        position += 3;
    }
    if (x == NULL) return NULL;
    const rt_conv2d_layer depthwise = {
        .channels = x->shape.c, .kernel = 3, .stride = stride, .padding = 1, .groups = x->shape.c};
    x = convolution(layers, name, position, x, &depthwise, RT_ACTIVATION_NONE);
    return convolution(layers, name, position + 2, x, &pointwise, RT_ACTIVATION_RELU);
}

static rt_tensor *unit(rt_layers *layers, rt_tensor *x, uint32_t channels, uint32_t stride)
{
    if (x == NULL) return NULL;
    const uint32_t half = channels / 2;
    rt_tensor *halves[2];
    if (stride == 1) {
        halves[0] = rt_slice_channels(layers->graph, x, 0, half);
        halves[1] = rt_slice_channels(layers->graph, x, half, half);
    } else {
        halves[0] = branch(layers, "branch1", false, x, half, stride);
        halves[1] = x;
    }
    halves[1] = branch(layers, "branch2", true, halves[1], half, stride);
    return rt_channel_shuffle(layers->graph, rt_concat(layers->graph, halves, 2), 2);
}

static rt_tensor *stem(rt_layers *layers, rt_tensor *x, bool large)
{
    const rt_conv2d_layer first = {
        .channels = STEM_CHANNELS, .kernel = 3, .stride = large ? 2 : 1, .padding = 1};
    x = convolution(layers, "conv1", 0, x, &first, RT_ACTIVATION_RELU);
    if (!large) return x;
    const rt_pool_options pool = {.kernel = 3, .stride = 2, .padding = 1};
    return rt_max_pool(layers->graph, x, &pool);
}

static void build(rt_layers *layers, const rt_network_description *d, rt_tensor *x,
                  rt_network_outputs *outputs)
{
    const form *f = find(d->arch);
    const uint32_t width = d->base_width > 0 ? d->base_width : f->width;
    x = stem(layers, x, rt_model_large_stem(d));
    for (uint32_t stage = 0; stage < STAGES; stage++) {
        for (uint32_t i = 0; i < blocks[stage]; i++) {
            rt_layers_enter(layers, "stage%u.%u", stage + 2, i);
            x = unit(layers, x, width << stage, i == 0 ? 2 : 1);
        }
        outputs->taps[outputs->tap_count++] = x;
    }
    rt_layers_enter(layers, "%s", "");
    x = convolution(layers, "conv5", 0, x,
                    &(rt_conv2d_layer){.channels = f->last_channels, .kernel = 1, .stride = 1},
                    RT_ACTIVATION_RELU);
    outputs->features = rt_global_average_pool(layers->graph, x);
    outputs->logits = rt_layer_linear(layers, "fc", outputs->features, d->classes);
}

const rt_model_family rt_shufflenet_v2_family = {
    .pattern = "shufflenetv2-x0.5, -x1.0, -x1.5, -x2.0",
    .matches = matches,
    .check = check,
    .large_stem = true,
    .rule = RT_RULE_HE_FAN_OUT,
    .build = build,
};
