/* Plain networks of 3x3 convolutions with batch normalisation (Simonyan and Zisserman 2015), a 2x2
 * max pool after each of five stages. Names as in torchvision's sequence: features.0 (convolution),
 * features.1 (BN), features.2 (ReLU), ... Two ends: for small images global pooling and one linear
 * layer (classifier); with the large stem a map of 7x7 pixels and three linear layers with dropout
 * (classifier.0, .3, .6). */

#include "common/nn/models/models.h"

#include "common/ops/global_average_pool.h"
#include "common/ops/pool.h"
#include "common/ops/relu.h"

#include <stdio.h>
#include <string.h>

enum {
    STAGES = 5,
    OWN_WIDTH = 64,
    MAP_SIDE = 7,         ///< of the map that the large form's first linear layer reads
    HIDDEN_PER_WIDTH = 64 ///< its hidden layers have 4096 numbers at the own width
};

typedef struct form {
    const char *arch;
    uint32_t convolutions[STAGES]; ///< in each stage
} form;

static const form forms[] = {
    {"vgg8", {1, 1, 1, 1, 1}},  {"vgg11", {1, 1, 2, 2, 2}}, {"vgg13", {2, 2, 2, 2, 2}},
    {"vgg16", {2, 2, 3, 3, 3}}, {"vgg19", {2, 2, 4, 4, 4}},
};

static const form *find(const char *arch)
{
    for (size_t i = 0; i < RT_COUNT(forms); i++)
        if (strcmp(forms[i].arch, arch) == 0) return &forms[i];
    return NULL;
}

static bool matches(const char *arch) { return find(arch) != NULL; }

/* Pixels of a side behind the five poolings. */
static uint32_t map_side(uint32_t side) { return side >> STAGES; }

static rt_status check(const rt_network_description *d)
{
    const uint32_t h = map_side(d->height), w = map_side(d->width);
    if (!rt_model_large_stem(d) || (h > 0 && h == w && h % MAP_SIDE == 0)) return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "'%s' with the large stem takes images of 224x224 (up to 255x255), or twice or "
                   "three times as large, not %ux%u; take the small stem",
                   d->arch, d->height, d->width);
}

static rt_tensor *convolutions(rt_layers *layers, const form *f, uint32_t width, rt_tensor *x,
                               rt_network_outputs *outputs)
{
    uint32_t position = 0;
    rt_layers_enter(layers, "features");
    for (uint32_t stage = 0; stage < STAGES; stage++) {
        const uint32_t channels = width << (stage < 3 ? stage : 3); /* 64 128 256 512 512 */
        for (uint32_t i = 0; i < f->convolutions[stage]; i++) {
            char name[16];
            snprintf(name, sizeof name, "%u", position);
            x = rt_layer_conv2d(
                layers, name, x,
                &(rt_conv2d_layer){
                    .channels = channels, .kernel = 3, .stride = 1, .padding = 1, .bias = true});
            snprintf(name, sizeof name, "%u", position + 1);
            x = rt_layer_batch_norm(layers, name, x, RT_ACTIVATION_RELU, 0);
            position += 3;
        }
        outputs->taps[outputs->tap_count++] = x;
        if (x != NULL && x->shape.h > 1 && x->shape.w > 1)
            x = rt_max_pool(layers->graph, x, &(rt_pool_options){.kernel = 2, .stride = 2});
        position++;
    }
    rt_layers_enter(layers, "%s", "");
    return x;
}

/* Two hidden layers behind a map of 7x7 pixels. */
static rt_tensor *hidden_layers(rt_layers *layers, uint32_t width, rt_tensor *x)
{
    if (x == NULL) return NULL;
    const uint32_t times = x->shape.h / MAP_SIDE, hidden = HIDDEN_PER_WIDTH * width;
    if (times > 1)
        x = rt_average_pool(layers->graph, x, &(rt_pool_options){.kernel = times, .stride = times});
    x = rt_relu(layers->graph, rt_layer_linear_from_image(layers, "classifier.0", x, hidden));
    x = rt_layer_dropout(layers, x, 0.5f);
    return rt_relu(layers->graph, rt_layer_linear(layers, "classifier.3", x, hidden));
}

static void build(rt_layers *layers, const rt_network_description *d, rt_tensor *x,
                  rt_network_outputs *outputs)
{
    const uint32_t width = d->base_width > 0 ? d->base_width : OWN_WIDTH;
    x = convolutions(layers, find(d->arch), width, x, outputs);
    if (!rt_model_large_stem(d)) {
        outputs->features = rt_global_average_pool(layers->graph, x);
        outputs->logits = rt_layer_linear(layers, "classifier", outputs->features, d->classes);
        return;
    }
    outputs->features = hidden_layers(layers, width, x);
    x = rt_layer_dropout(layers, outputs->features, 0.5f);
    outputs->logits = rt_layer_linear(layers, "classifier.6", x, d->classes);
}

const rt_model_family rt_vgg_family = {
    .pattern = "vgg8, vgg11, vgg13, vgg16, vgg19",
    .matches = matches,
    .check = check,
    .large_stem = true,
    .rule = RT_RULE_HE_FAN_OUT,
    .build = build,
};
