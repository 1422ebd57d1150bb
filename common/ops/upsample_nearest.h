#ifndef RT_OPS_UPSAMPLE_NEAREST_H
#define RT_OPS_UPSAMPLE_NEAREST_H

#include "common/graph/graph.h"

extern const rt_operator rt_upsample_nearest_operator;

/** What a node of it has as attributes: the arguments. */
typedef struct rt_upsample_nearest_attributes {
    uint32_t factor;
} rt_upsample_nearest_attributes;

/** y[n,h,w,c] = x[n, h / factor, w / factor, c]: {N,H,W,C} -> {N, factor H, factor W, C}.
 *  Errors: RT_ERROR_INPUT for a factor of 0. */
rt_tensor *rt_upsample_nearest(rt_graph *graph, rt_tensor *x, uint32_t factor);

#endif
