#ifndef RT_NN_NETWORK_H
#define RT_NN_NETWORK_H

/**
 * A classifier: an architecture and its parameters. It takes pixels in [0,1]; the normalisation by
 * mean and std is part of it.
 *     RT_TRY(rt_network_create(&network, &description));
 *     RT_TRY(rt_network_allocate(network, device));            // then load or initialise
 *     rt_network_apply(network, graph, "teacher", images, &(rt_apply_options){0}, &outputs);
 */

#include "common/nn/layers.h"

typedef struct rt_network_description {
    const char *arch;     ///< "resnet20", "wrn-16-1", ... (common/nn/models)
    uint32_t base_width;  ///< channels of the first stage; 0: the architecture's own
    const char *shortcut; ///< CIFAR ResNets: "A" (zero-padded) or "B" (1x1 convolution); NULL: "A"
    const char *stem;     ///< "small" or "large": for images of what size it begins; NULL: "small"
    uint32_t channels, height, width; ///< of an image
    uint32_t classes;
    const struct rt_blueprint *blueprint; ///< of arch "graph"; NULL elsewhere
    float mean[4], std[4];                ///< of [0,1] pixels, one a channel
} rt_network_description;

typedef struct rt_network rt_network;

/** Errors: RT_ERROR_INPUT naming the nearest known architecture, or a size that does not fit. */
RT_CHECKED rt_status rt_network_create(rt_network **network,
                                       const rt_network_description *description);
/** NULL is fine. */
void rt_network_free(rt_network *network);
const rt_network_description *rt_network_describe(const rt_network *network);
rt_parameters *rt_network_parameters(rt_network *network);
/** Device memory for the parameters. */
RT_CHECKED rt_status rt_network_allocate(rt_network *network, rt_device *device);

typedef struct rt_apply_options {
    bool training;          ///< batch statistics instead of running ones
    bool update_statistics; ///< running statistics move (only with training)
    bool trained;           ///< gradients with respect to the weights are wanted
    uint64_t dropout_seed;  ///< of the networks that have dropout (only with training)
} rt_apply_options;

typedef struct rt_network_outputs {
    rt_tensor *logits;                ///< {N,1,1,classes}
    rt_tensor *features;              ///< penultimate vector {N,1,1,F}, after global pooling
    rt_tensor *taps[RT_MAXIMUM_TAPS]; ///< outputs of the stages, {N,h,w,c}
    uint32_t tap_count;
    rt_batch_norm_use batch_norms[RT_MAXIMUM_BATCH_NORMS];
    uint32_t batch_norm_count;
} rt_network_outputs;

/** Applies the network to `images` {N,height,width,channels}. `scope` names the nodes. */
void rt_network_apply(rt_network *network, rt_graph *graph, const char *scope, rt_tensor *images,
                      const rt_apply_options *options, rt_network_outputs *outputs);

#endif
