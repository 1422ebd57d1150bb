/* DenseNets with bottlenecks and compression (Huang et al. 2017): a layer sees the channels of all
 * earlier ones of its block. In two forms, which differ in names and order, because a file of
 * either usual PyTorch version has to be read as it is:
 *     densenet-bc-D-K      for small images: conv1, dense1.0.bn1, ..., trans1.bn, ..., bn, linear;
 * a layer puts its channels before the earlier ones densenet121 and its  as in torchvision:
 * features.conv0, features.denseblock1.denselayer1.norm1, like                 ..., features.norm5,
 * classifier; it puts them behind */

#include "common/nn/models/models.h"

#include "common/ops/concat.h"
#include "common/ops/global_average_pool.h"
#include "common/ops/pool.h"

#include <stdio.h>

enum { MAXIMUM_BLOCKS = 4, BOTTLENECK = 4 };

typedef struct form {
    bool small; ///< densenet-bc-D-K
    uint32_t depth, growth;
    uint32_t block_count, layers[MAXIMUM_BLOCKS];
} form;

/* The paper's table 1. */
static const form forms[] = {
    {false, 121, 32, 4, {6, 12, 24, 16}},
    {false, 161, 48, 4, {6, 12, 36, 24}},
    {false, 169, 32, 4, {6, 12, 32, 32}},
    {false, 201, 32, 4, {6, 12, 48, 32}},
};

/* Whether `arch` has one of the two patterns; such a depth may still not exist. */
static bool parse(const char *arch, form *f)
{
    char rest;
    *f = (form){0};
    if (sscanf(arch, "densenet%u%c", &f->depth, &rest) == 1) return true;
    f->small = sscanf(arch, "densenet-bc-%u-%u%c", &f->depth, &f->growth, &rest) == 2;
    return f->small;
}

/* Fills in what the depth says. The small form has three blocks, or four of one of the table's. */
static bool complete(form *f, uint32_t base_width)
{
    for (size_t i = 0; i < RT_COUNT(forms); i++) {
        if (forms[i].depth != f->depth) continue;
        const form named = *f;
        *f = forms[i];
        f->small = named.small;
        if (named.small) f->growth = named.growth;
        if (base_width > 0) f->growth = base_width / 2;
        return true;
    }
    if (!f->small || f->depth < 10 || (f->depth - 4) % 6 != 0) return false;
    f->block_count = 3;
    for (uint32_t block = 0; block < f->block_count; block++) f->layers[block] = (f->depth - 4) / 6;
    return true;
}

static bool matches(const char *arch)
{
    form f;
    return parse(arch, &f);
}

static rt_status check(const rt_network_description *d)
{
    form f;
    parse(d->arch, &f);
    if (f.depth > 250 || (f.small && (f.growth < 1 || f.growth > 256)) ||
        !complete(&f, d->base_width))
        return rt_fail(RT_ERROR_INPUT,
                       "there is no '%s': take densenet121, 161, 169 or 201, or densenet-bc-D-K "
                       "with a depth D of 6n+4 (40, 100, 190) or one of these, and a growth K of 1 "
                       "to 256",
                       d->arch);
    if (f.small && d->base_width > 0)
        return rt_fail(RT_ERROR_INPUT, "'%s' has its width in its name; leave base_width out",
                       d->arch);
    if (f.small && rt_model_large_stem(d))
        return rt_fail(RT_ERROR_INPUT, "'%s' has no large stem; densenet%u has", d->arch,
                       f.block_count == MAXIMUM_BLOCKS ? f.depth : 121);
    if (d->base_width % 2 != 0)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' cannot have a base_width of %u: its growth is half of that", d->arch,
                       d->base_width);
    return RT_OK;
}

static rt_tensor *norm_convolution(rt_layers *layers, const char *norm, const char *convolution,
                                   rt_tensor *x, const rt_conv2d_layer *layer)
{
    x = rt_layer_batch_norm(layers, norm, x, RT_ACTIVATION_RELU, 0);
    return rt_layer_conv2d(layers, convolution, x, layer);
}

static rt_tensor *dense_layer(rt_layers *layers, const form *f, rt_tensor *x)
{
    const rt_conv2d_layer narrow = {.channels = BOTTLENECK * f->growth, .kernel = 1, .stride = 1};
    const rt_conv2d_layer grow = {.channels = f->growth, .kernel = 3, .stride = 1, .padding = 1};
    rt_tensor *y = norm_convolution(layers, f->small ? "bn1" : "norm1", "conv1", x, &narrow);
    y = norm_convolution(layers, f->small ? "bn2" : "norm2", "conv2", y, &grow);
    rt_tensor *parts[] = {f->small ? y : x, f->small ? x : y};
    return rt_concat(layers->graph, parts, RT_COUNT(parts));
}

/* Half the channels, half the image. */
static rt_tensor *transition(rt_layers *layers, const form *f, rt_tensor *x)
{
    if (x == NULL) return NULL;
    const rt_conv2d_layer compress = {.channels = x->shape.c / 2, .kernel = 1, .stride = 1};
    x = norm_convolution(layers, f->small ? "bn" : "norm", "conv", x, &compress);
    if (x == NULL || x->shape.h < 2 || x->shape.w < 2) return x;
    const rt_pool_options pool = {.kernel = 2, .stride = 2};
    return rt_average_pool(layers->graph, x, &pool);
}

static rt_tensor *stem(rt_layers *layers, const form *f, bool large, rt_tensor *x)
{
    const uint32_t channels = 2 * f->growth;
    const rt_conv2d_layer small_layer = {
        .channels = channels, .kernel = 3, .stride = 1, .padding = 1};
    const rt_conv2d_layer large_layer = {
        .channels = channels, .kernel = 7, .stride = 2, .padding = 3};
    if (f->small) return rt_layer_conv2d(layers, "conv1", x, &small_layer);
    rt_layers_enter(layers, "features");
    x = rt_layer_conv2d(layers, "conv0", x, large ? &large_layer : &small_layer);
    x = rt_layer_batch_norm(layers, "norm0", x, RT_ACTIVATION_RELU, 0);
    if (!large) return x;
    const rt_pool_options pool = {.kernel = 3, .stride = 2, .padding = 1};
    return rt_max_pool(layers->graph, x, &pool);
}

static void build(rt_layers *layers, const rt_network_description *d, rt_tensor *x,
                  rt_network_outputs *outputs)
{
    form f;
    parse(d->arch, &f);
    complete(&f, d->base_width);
    x = stem(layers, &f, rt_model_large_stem(d), x);
    for (uint32_t block = 1; block <= f.block_count; block++) {
        for (uint32_t i = 0; i < f.layers[block - 1]; i++) {
            if (f.small)
                rt_layers_enter(layers, "dense%u.%u", block, i);
            else
                rt_layers_enter(layers, "features.denseblock%u.denselayer%u", block, i + 1);
            x = dense_layer(layers, &f, x);
        }
        outputs->taps[outputs->tap_count++] = x;
        if (block == f.block_count) break;
        rt_layers_enter(layers, f.small ? "trans%u" : "features.transition%u", block);
        x = transition(layers, &f, x);
    }
    rt_layers_enter(layers, "%s", f.small ? "" : "features");
    x = rt_layer_batch_norm(layers, f.small ? "bn" : "norm5", x, RT_ACTIVATION_RELU, 0);
    rt_layers_enter(layers, "%s", "");
    outputs->features = rt_global_average_pool(layers->graph, x);
    outputs->logits =
        rt_layer_linear(layers, f.small ? "linear" : "classifier", outputs->features, d->classes);
}

const rt_model_family rt_densenet_family = {
    .pattern = "densenet121, 161, 169, 201; densenet-bc-D-K (densenet-bc-100-12)",
    .matches = matches,
    .check = check,
    .large_stem = true,
    .rule = RT_RULE_HE_FAN_OUT,
    .build = build,
};
