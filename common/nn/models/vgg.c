/* Plain networks in the manner of VGG with batch normalisation (Simonyan and Zisserman 2015), for
 * small images: 3x3 convolutions, a 2x2 max pool after each stage as long as the image is larger
 * than one pixel, global pooling and one linear layer. Names as in torchvision's sequence:
 * features.0 (convolution), features.1 (BN), features.2 (ReLU), ..., classifier. */

#include "common/nn/models/models.h"

#include "common/ops/global_average_pool.h"
#include "common/ops/pool.h"

#include <stdio.h>
#include <string.h>

enum { STAGES = 5 };

typedef struct form {
    const char *arch;
    uint32_t convolutions[STAGES]; ///< in each stage
} form;

static const form forms[] = {
    {"vgg8", {1, 1, 1, 1, 1}},
    {"vgg11", {1, 1, 2, 2, 2}},
    {"vgg13", {2, 2, 2, 2, 2}},
    {"vgg16", {2, 2, 3, 3, 3}},
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
    const uint32_t width = d->base_width > 0 ? d->base_width : 64;
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
    outputs->features = rt_global_average_pool(layers->graph, x);
    outputs->logits = rt_layer_linear(layers, "classifier", outputs->features, d->classes);
}

const rt_model_family rt_vgg_family = {
    .pattern = "vgg8, vgg11, vgg13, vgg16",
    .matches = matches,
    .check = check,
    .rule = RT_RULE_HE_FAN_OUT,
    .build = build,
};
