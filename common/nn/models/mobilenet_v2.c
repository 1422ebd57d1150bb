/* MobileNetV2 (Sandler et al. 2018): inverted residuals, that is 1x1 convolutions to a wide space,
 * depthwise 3x3 ones in it, and linear ones back. Names and widths as in torchvision: features.0.0,
 * features.1.conv.0.0, ..., features.18.1, classifier.1. With the small stem neither the first
 * convolution nor the second stage halves the image, as usual for images of 32x32. */

#include "common/nn/models/models.h"

#include "common/ops/global_average_pool.h"

#include <stdio.h>
#include <string.h>

enum { OWN_WIDTH = 32, LAST_CHANNELS = 1280 };

typedef struct stage {
    uint32_t expansion, channels, blocks, stride;
    bool tapped; ///< the last of its resolution
} stage;

/* The paper's table 2. */
static const stage stages[] = {
    {1, 16, 1, 1, false}, {6, 24, 2, 2, true},   {6, 32, 3, 2, true},  {6, 64, 4, 2, false},
    {6, 96, 3, 1, true},  {6, 160, 3, 2, false}, {6, 320, 1, 1, true},
};

static bool matches(const char *arch) { return strcmp(arch, "mobilenetv2") == 0; }

static rt_status check(const rt_network_description *description)
{
    (void)description;
    return RT_OK;
}

/* The nearest multiple of 8 that is not more than a tenth below. */
static uint32_t scaled(uint32_t channels, uint32_t base_width)
{
    const double wanted = (double)channels * base_width / OWN_WIDTH;
    uint32_t whole = (uint32_t)(wanted + 4) / 8 * 8;
    if (whole < 8) whole = 8;
    return whole < 0.9 * wanted ? whole + 8 : whole;
}

/* Convolution, batch norm and ReLU6, "NAME.0" and "NAME.1"; with `groups` 0 not a depthwise one. */
static rt_tensor *convolution(rt_layers *layers, const char *name, rt_tensor *x,
                              const rt_conv2d_layer *layer)
{
    char part[32];
    snprintf(part, sizeof part, "%s.0", name);
    x = rt_layer_conv2d(layers, part, x, layer);
    snprintf(part, sizeof part, "%s.1", name);
    return rt_layer_batch_norm(layers, part, x, RT_ACTIVATION_RELU6, 0);
}

static rt_tensor *inverted_residual(rt_layers *layers, rt_tensor *x, uint32_t expansion,
                                    uint32_t channels, uint32_t stride)
{
    if (x == NULL) return NULL;
    const uint32_t inner = expansion * x->shape.c;
    const bool expands = expansion != 1, adds = stride == 1 && x->shape.c == channels;
    rt_tensor *y = x;
    if (expands)
        y = convolution(layers, "0", y,
                        &(rt_conv2d_layer){.channels = inner, .kernel = 1, .stride = 1});
    y = convolution(
        layers, expands ? "1" : "0", y,
        &(rt_conv2d_layer){
            .channels = inner, .kernel = 3, .stride = stride, .padding = 1, .groups = inner});
    y = rt_layer_conv2d(layers, expands ? "2" : "1", y,
                        &(rt_conv2d_layer){.channels = channels, .kernel = 1, .stride = 1});
    const char *norm = expands ? "3" : "2";
    return adds ? rt_layer_batch_norm_add(layers, norm, y, x)
                : rt_layer_batch_norm(layers, norm, y, RT_ACTIVATION_NONE, 0);
}

static void build(rt_layers *layers, const rt_network_description *d, rt_tensor *x,
                  rt_network_outputs *outputs)
{
    const bool large = rt_model_large_stem(d);
    const uint32_t width = d->base_width > 0 ? d->base_width : OWN_WIDTH;
    const uint32_t last = width > OWN_WIDTH ? scaled(LAST_CHANNELS, width) : LAST_CHANNELS;
    const rt_conv2d_layer first = {
        .channels = scaled(OWN_WIDTH, width), .kernel = 3, .stride = large ? 2 : 1, .padding = 1};
    uint32_t position = 1;
    rt_layers_enter(layers, "features");
    x = convolution(layers, "0", x, &first);
    for (size_t i = 0; i < RT_COUNT(stages); i++) {
        const stage *s = &stages[i];
        for (uint32_t block = 0; block < s->blocks; block++, position++) {
            const bool halves = block == 0 && s->stride == 2 && (large || i > 1);
            rt_layers_enter(layers, "features.%u.conv", position);
            x = inverted_residual(layers, x, s->expansion, scaled(s->channels, width),
                                  halves ? 2 : 1);
        }
        if (s->tapped) outputs->taps[outputs->tap_count++] = x;
    }
    rt_layers_enter(layers, "features");
    x = convolution(layers, "18", x,
                    &(rt_conv2d_layer){.channels = last, .kernel = 1, .stride = 1});
    rt_layers_enter(layers, "%s", "");
    outputs->features = rt_global_average_pool(layers->graph, x);
    x = rt_layer_dropout(layers, outputs->features, 0.2f);
    outputs->logits = rt_layer_linear(layers, "classifier.1", x, d->classes);
}

const rt_model_family rt_mobilenet_v2_family = {
    .pattern = "mobilenetv2",
    .matches = matches,
    .check = check,
    .large_stem = true,
    .rule = RT_RULE_HE_FAN_OUT,
    .build = build,
};
