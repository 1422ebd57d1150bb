/* Wide ResNets WRN-d-k (Zagoruyko and Komodakis 2016): pre-activation blocks, d = 6n+4. The first
 * block of a group normalises its input for both branches; its shortcut is a 1x1 convolution
 * without BN. Taps are the groups' raw outputs, before the final BN and ReLU
 * (docs/models.md). Another form is in wide use, shortcut "raw": the shortcut reads what has not
 * been normalised, the stride is in the second convolution, and all convolutions have biases. */

#include "common/nn/models/models.h"

#include "common/ops/add.h"
#include "common/ops/global_average_pool.h"

#include <stdio.h>
#include <string.h>

static bool parse(const char *arch, unsigned *depth, unsigned *widen)
{
    char rest;
    return sscanf(arch, "wrn-%u-%u%c", depth, widen, &rest) == 2;
}

static bool matches(const char *arch)
{
    unsigned depth, widen;
    return parse(arch, &depth, &widen);
}

static rt_status check(const rt_network_description *d)
{
    unsigned depth = 0, widen = 0;
    parse(d->arch, &depth, &widen);
    if (depth < 10 || depth > 1000 || (depth - 4) % 6 != 0 || widen < 1 || widen > 64)
        return rt_fail(RT_ERROR_INPUT,
                       "there is no '%s': the depth of a WRN is 6n+4 (10, 16, 22, "
                       "28, 40), its width 1 to 64",
                       d->arch);
    return RT_OK;
}

static bool is_raw(const rt_network_description *d)
{
    return d->shortcut != NULL && strcmp(d->shortcut, "raw") == 0;
}

static rt_tensor *raw_block(rt_layers *layers, rt_tensor *x, uint32_t channels, uint32_t stride)
{
    if (x == NULL) return NULL;
    const bool changes = x->shape.c != channels || stride > 1;
    const rt_conv2d_layer first = {
        .channels = channels, .kernel = 3, .stride = 1, .padding = 1, .bias = true};
    const rt_conv2d_layer second = {
        .channels = channels, .kernel = 3, .stride = stride, .padding = 1, .bias = true};
    const rt_conv2d_layer shortcut = {
        .channels = channels, .kernel = 1, .stride = stride, .bias = true};
    rt_tensor *y = rt_layer_batch_norm(layers, "bn1", x, RT_ACTIVATION_RELU, 0);
    y = rt_layer_conv2d(layers, "conv1", y, &first);
    y = rt_layer_batch_norm(layers, "bn2", y, RT_ACTIVATION_RELU, 0);
    y = rt_layer_conv2d(layers, "conv2", y, &second);
    if (changes) x = rt_layer_conv2d(layers, "shortcut.0", x, &shortcut);
    return rt_add(layers->graph, y, x);
}

static rt_tensor *block(rt_layers *layers, rt_tensor *x, uint32_t channels, uint32_t stride)
{
    if (x == NULL) return NULL;
    const bool changes = x->shape.c != channels;
    const rt_conv2d_layer first = {
        .channels = channels, .kernel = 3, .stride = stride, .padding = 1};
    const rt_conv2d_layer second = {.channels = channels, .kernel = 3, .stride = 1, .padding = 1};
    rt_tensor *activated = rt_layer_batch_norm(layers, "bn1", x, RT_ACTIVATION_RELU, 0);
    rt_tensor *y = rt_layer_conv2d(layers, "conv1", activated, &first);
    y = rt_layer_batch_norm(layers, "bn2", y, RT_ACTIVATION_RELU, 0);
    y = rt_layer_conv2d(layers, "conv2", y, &second);
    if (!changes) return rt_add(layers->graph, y, x);
    rt_tensor *shortcut =
        rt_layer_conv2d(layers, "convShortcut", activated,
                        &(rt_conv2d_layer){.channels = channels, .kernel = 1, .stride = stride});
    return rt_add(layers->graph, y, shortcut);
}

static void build(rt_layers *layers, const rt_network_description *d, rt_tensor *x,
                  rt_network_outputs *outputs)
{
    unsigned depth = 0, widen = 0;
    parse(d->arch, &depth, &widen);
    const uint32_t width = d->base_width > 0 ? d->base_width : 16, blocks = (depth - 4) / 6;
    const bool raw = is_raw(d);
    x = rt_layer_conv2d(
        layers, "conv1", x,
        &(rt_conv2d_layer){.channels = width, .kernel = 3, .stride = 1, .padding = 1, .bias = raw});
    for (uint32_t group = 0; group < 3; group++) {
        for (uint32_t i = 0; i < blocks; i++) {
            rt_layers_enter(layers, "block%u.layer.%u", group + 1, i);
            const uint32_t stride = group > 0 && i == 0 ? 2 : 1;
            x = (raw ? raw_block : block)(layers, x, (width * widen) << group, stride);
        }
        outputs->taps[outputs->tap_count++] = x;
    }
    rt_layers_enter(layers, "%s", "");
    x = rt_layer_batch_norm(layers, "bn1", x, RT_ACTIVATION_RELU, 0);
    outputs->features = rt_global_average_pool(layers->graph, x);
    outputs->logits = rt_layer_linear(layers, "fc", outputs->features, d->classes);
}

const rt_model_family rt_wide_resnet_family = {
    .pattern = "wrn-D-K with D = 6n+4 (wrn-16-1, wrn-40-2, ...)",
    .matches = matches,
    .check = check,
    .rule = RT_RULE_HE_FAN_OUT,
    .build = build,
};
