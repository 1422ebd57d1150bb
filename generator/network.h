#ifndef RT_GENERATOR_NETWORK_H
#define RT_GENERATOR_NETWORK_H

/**
 * The generator: latent vectors to images in [0,1] (docs/methods.md, RGAL section "Generator").
 *     linear L -> 2w*(h/4)*(w/4), BN, up x2, conv3x3, BN, leaky ReLU 0.2, up x2, conv3x3 -> w
 *     channels, BN, leaky ReLU 0.2, conv3x3 with bias -> image channels, sigmoid
 * Batch norm always uses the batch's statistics.
 */

#include "common/nn/layers.h"

typedef struct rt_generator_description {
    uint32_t latent_size;             ///< L
    uint32_t base_width;              ///< w: channels of the last hidden layer, a multiple of 2
    uint32_t height, width, channels; ///< of the images; height and width multiples of 4
} rt_generator_description;

typedef struct rt_generator {
    rt_generator_description description;
    rt_parameters *parameters;
} rt_generator;

/** Errors: RT_ERROR_INPUT for a size that does not fit. Ownership: rt_generator_clear. */
RT_CHECKED rt_status rt_generator_init(rt_generator *generator,
                                       const rt_generator_description *description);
void rt_generator_clear(rt_generator *generator);
/** {N,1,1,L} -> {N,h,w,c}, with gradients to the weights and to the latent vectors. */
rt_tensor *rt_generator_apply(const rt_generator *generator, rt_graph *graph, rt_tensor *latent);

#endif
