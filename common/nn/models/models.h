#ifndef RT_NN_MODELS_MODELS_H
#define RT_NN_MODELS_MODELS_H

/**
 * The model families. A family parses its architecture's name and builds the network from layers.
 * To add one: a file beside this one, a row in registry.c, golden logits in tests/nn.
 */

#include "common/nn/network.h"

typedef struct rt_model_family {
    const char *pattern; ///< for messages: "resnetD (D = 6n+2: 8, 14, 20, ...)"
    /** Whether `arch` is one of this family. */
    bool (*matches)(const char *arch);
    /** Errors: RT_ERROR_INPUT (a depth that does not exist, an image too small). */
    rt_status (*check)(const rt_network_description *description);
    bool large_stem; ///< whether `stem: large` exists
    rt_initial_rule rule;
    void (*build)(rt_layers *layers, const rt_network_description *description, rt_tensor *x,
                  rt_network_outputs *outputs);
} rt_model_family;

extern const rt_model_family rt_resnet_cifar_family;
extern const rt_model_family rt_wide_resnet_family;
extern const rt_model_family rt_resnet_family;
extern const rt_model_family rt_vgg_family;
extern const rt_model_family rt_mobilenet_v2_family;
extern const rt_model_family rt_shufflenet_v2_family;
extern const rt_model_family rt_densenet_family;
extern const rt_model_family rt_graph_family;

extern const rt_model_family *const rt_model_families[];
extern const size_t rt_model_family_count;

/** Whether `stem: large` was asked for. */
bool rt_model_large_stem(const rt_network_description *description);

typedef struct rt_resnet_stages_options {
    uint32_t width; ///< channels of the first stage; each further stage doubles them
    uint32_t stages;
    uint32_t blocks[4]; ///< of each stage
    bool zero_padded;   ///< shortcuts without weights (option A)
    bool bottleneck;    ///< blocks of 1x1, 3x3 and 1x1 convolutions, the last four times as wide
    bool large_stem;    ///< 7x7 with stride 2 and a max pool instead of 3x3
} rt_resnet_stages_options;

/** What the two ResNet families share: stem, stages of blocks, pooling; fills the taps (after each
 *  stage's last ReLU) and the features. */
void rt_resnet_stages(rt_layers *layers, rt_tensor *x, const rt_resnet_stages_options *options,
                      rt_network_outputs *outputs);

#endif
