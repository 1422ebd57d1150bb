/* ResNets for small images (He et al. 2015, section 4.2): three stages of n blocks, depth 6n+2.
 * Names as in the widely used PyTorch version: conv1, bn1, layer1.0.conv1, ..., linear.
 * Where a stage begins, the shortcut halves the image by taking every second pixel; shortcut "A"
 * pads the new channels with zeros, half before and half after, "B" is a 1x1 convolution + BN. */

#include "common/nn/models/models.h"

#include "common/ops/global_average_pool.h"
#include "common/ops/pad_channels.h"

#include <stdlib.h>
#include <string.h>

static bool matches(const char *arch)
{
    if (strncmp(arch, "resnet", 6) != 0) return false;
    char *end;
    const unsigned long depth = strtoul(arch + 6, &end, 10);
    return end != arch + 6 && *end == '\0' && depth != 18 && depth != 34;
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
                       "56, 110); 18 and 34 are the larger form",
                       d->arch);
    if (d->shortcut != NULL && strcmp(d->shortcut, "A") != 0 && strcmp(d->shortcut, "B") != 0)
        return rt_fail(RT_ERROR_INPUT, "unknown shortcut '%s'; take A or B", d->shortcut);
    return RT_OK;
}

static rt_tensor *shortcut(rt_layers *layers, bool zero_padded, rt_tensor *x, uint32_t channels,
                           uint32_t stride)
{
    if (x == NULL || (stride == 1 && x->shape.c == channels)) return x;
    if (zero_padded) {
        const uint32_t added = channels - x->shape.c;
        return rt_pad_channels(layers->graph, x, stride, added / 2, added - added / 2);
    }
    rt_tensor *y =
        rt_layer_conv2d(layers, "shortcut.0", x,
                        &(rt_conv2d_layer){.channels = channels, .kernel = 1, .stride = stride});
    return rt_layer_batch_norm(layers, "shortcut.1", y, RT_ACTIVATION_NONE, 0);
}

static rt_tensor *basic_block(rt_layers *layers, bool zero_padded, rt_tensor *x, uint32_t channels,
                              uint32_t stride)
{
    const rt_conv2d_layer first = {
        .channels = channels, .kernel = 3, .stride = stride, .padding = 1};
    const rt_conv2d_layer second = {.channels = channels, .kernel = 3, .stride = 1, .padding = 1};
    rt_tensor *y = rt_layer_conv2d(layers, "conv1", x, &first);
    y = rt_layer_batch_norm(layers, "bn1", y, RT_ACTIVATION_RELU, 0);
    y = rt_layer_conv2d(layers, "conv2", y, &second);
    rt_layer_batch_norm_declare(layers, "bn2", channels);
    x = shortcut(layers, zero_padded, x, channels, stride);
    return rt_layer_batch_norm_residual(layers, "bn2", y, x);
}

void rt_resnet_stages(rt_layers *layers, rt_tensor *x, const rt_resnet_stages_options *options,
                      rt_network_outputs *outputs)
{
    x = rt_layer_conv2d(
        layers, "conv1", x,
        &(rt_conv2d_layer){.channels = options->width, .kernel = 3, .stride = 1, .padding = 1});
    x = rt_layer_batch_norm(layers, "bn1", x, RT_ACTIVATION_RELU, 0);
    for (uint32_t stage = 0; stage < options->stages; stage++) {
        for (uint32_t block = 0; block < options->blocks[stage]; block++) {
            rt_layers_enter(layers, "layer%u.%u", stage + 1, block);
            const uint32_t stride = stage > 0 && block == 0 ? 2 : 1;
            x = basic_block(layers, options->zero_padded, x, options->width << stage, stride);
        }
        outputs->taps[outputs->tap_count++] = x;
    }
    rt_layers_enter(layers, "%s", "");
    outputs->features = rt_global_average_pool(layers->graph, x);
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
