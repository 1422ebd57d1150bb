#ifndef RT_OPS_CHANNEL_SHUFFLE_H
#define RT_OPS_CHANNEL_SHUFFLE_H

#include "common/graph/graph.h"

extern const rt_operator rt_channel_shuffle_operator;

/** What a node of it has as attributes: the arguments. */
typedef struct rt_channel_shuffle_attributes {
    uint32_t groups;
} rt_channel_shuffle_attributes;

/**
 * The channels, in `groups` equal groups behind each other, taken from the groups in turn
 * (ShuffleNet, Zhang et al. 2018; PyTorch's channel_shuffle): y[n,h,w, j groups + i] = x[n,h,w, i C
 * / groups + j],  i < groups, j < C / groups Errors: RT_ERROR_INPUT unless groups divides C.
 */
rt_tensor *rt_channel_shuffle(rt_graph *graph, rt_tensor *x, uint32_t groups);

#endif
