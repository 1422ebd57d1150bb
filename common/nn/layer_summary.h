#ifndef RT_NN_LAYER_SUMMARY_H
#define RT_NN_LAYER_SUMMARY_H

/** A network layer by layer: what it is made of and what an image costs. */

#include "common/nn/network.h"

typedef struct rt_layer_summary {
    const char *name;    ///< "layer1.0.conv1"; "" for what has no parameters
    const char *kind;    ///< "conv2d", "batch_norm", "linear", "max_pool", ...
    uint32_t rank;       ///< of the weight; 0: there is none
    uint32_t dims[4];    ///< of the weight, as files have it
    uint64_t parameters; ///< trained numbers
    double flops;        ///< of one image: a multiplication and an addition count as two
    rt_shape output;     ///< of one image
} rt_layer_summary;

/** Fills `*layers` (in the arena) in the order of computing, from evaluation of one image. Needs no
 *  device. */
RT_CHECKED rt_status rt_network_summarise(rt_network *network, rt_arena *arena,
                                          rt_layer_summary **layers, size_t *count);

#endif
