/* What ResNets share (He et al. 2015): a stem, stages of residual blocks, global pooling. Names as
 * in the widely used PyTorch version for small images: conv1, bn1, layer1.0.conv1, ...,
 * layer2.0.shortcut.0. */

#include "common/nn/models/models.h"

#include "common/ops/global_average_pool.h"
#include "common/ops/pad_channels.h"
#include "common/ops/pool.h"

enum { EXPANSION = 4 }; /* of a bottleneck's last convolution */

/* Where a block changes the shape: every second pixel with the new channels zero, half before and
 * half after, or a 1x1 convolution and a batch norm. */
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

/* The stride is that of the 3x3 convolution, as torchvision has it; the paper's is that of the
 * first 1x1. */
static rt_tensor *bottleneck(rt_layers *layers, rt_tensor *x, uint32_t channels, uint32_t stride)
{
    const rt_conv2d_layer first = {.channels = channels, .kernel = 1, .stride = 1};
    const rt_conv2d_layer second = {
        .channels = channels, .kernel = 3, .stride = stride, .padding = 1};
    const rt_conv2d_layer third = {.channels = EXPANSION * channels, .kernel = 1, .stride = 1};
    rt_tensor *y = rt_layer_conv2d(layers, "conv1", x, &first);
    y = rt_layer_batch_norm(layers, "bn1", y, RT_ACTIVATION_RELU, 0);
    y = rt_layer_conv2d(layers, "conv2", y, &second);
    y = rt_layer_batch_norm(layers, "bn2", y, RT_ACTIVATION_RELU, 0);
    y = rt_layer_conv2d(layers, "conv3", y, &third);
    rt_layer_batch_norm_declare(layers, "bn3", third.channels);
    x = shortcut(layers, false, x, third.channels, stride);
    return rt_layer_batch_norm_residual(layers, "bn3", y, x);
}

static rt_tensor *stem(rt_layers *layers, rt_tensor *x, const rt_resnet_stages_options *options)
{
    const rt_conv2d_layer small = {
        .channels = options->width, .kernel = 3, .stride = 1, .padding = 1};
    const rt_conv2d_layer large = {
        .channels = options->width, .kernel = 7, .stride = 2, .padding = 3};
    x = rt_layer_conv2d(layers, "conv1", x, options->large_stem ? &large : &small);
    x = rt_layer_batch_norm(layers, "bn1", x, RT_ACTIVATION_RELU, 0);
    if (!options->large_stem) return x;
    const rt_pool_options pool = {.kernel = 3, .stride = 2, .padding = 1};
    return rt_max_pool(layers->graph, x, &pool);
}

void rt_resnet_stages(rt_layers *layers, rt_tensor *x, const rt_resnet_stages_options *options,
                      rt_network_outputs *outputs)
{
    x = stem(layers, x, options);
    for (uint32_t stage = 0; stage < options->stages; stage++) {
        const uint32_t channels = options->width << stage;
        for (uint32_t block = 0; block < options->blocks[stage]; block++) {
            rt_layers_enter(layers, "layer%u.%u", stage + 1, block);
            const uint32_t stride = stage > 0 && block == 0 ? 2 : 1;
            x = options->bottleneck
                    ? bottleneck(layers, x, channels, stride)
                    : basic_block(layers, options->zero_padded, x, channels, stride);
        }
        outputs->taps[outputs->tap_count++] = x;
    }
    rt_layers_enter(layers, "%s", "");
    outputs->features = rt_global_average_pool(layers->graph, x);
}
