#ifndef RT_OPS_REDUCE_MEAN_H
#define RT_OPS_REDUCE_MEAN_H

#include "common/graph/graph.h"

extern const rt_operator rt_reduce_mean_operator;

/** What a node of it has as attributes: the arguments. */
typedef struct rt_reduce_mean_attributes {
    bool over_pixels, over_channels;
} rt_reduce_mean_attributes;

/**
 * The mean of each sample over its pixels, over its channels, or over both:
 * {N,H,W,C} -> {N,1,1,C}, {N,H,W,1}, {N,1,1,1}. Over pixels alone it is rt_global_average_pool;
 * over nothing it is x.
 */
rt_tensor *rt_reduce_mean(rt_graph *graph, rt_tensor *x, bool over_pixels, bool over_channels);

#endif
