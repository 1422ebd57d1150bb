#ifndef RT_OPS_SLICE_CHANNELS_H
#define RT_OPS_SLICE_CHANNELS_H

#include "common/graph/graph.h"

extern const rt_operator rt_slice_channels_operator;

/** What a node of it has as attributes: the arguments. */
typedef struct rt_slice_channels_attributes {
    uint32_t first, count;
} rt_slice_channels_attributes;

/** Some neighbouring channels: y[n,h,w,c] = x[n,h,w, first + c], {N,H,W,C} -> {N,H,W,count}.
 *  Errors: RT_ERROR_INPUT for a count of 0 or channels beyond the last. */
rt_tensor *rt_slice_channels(rt_graph *graph, rt_tensor *x, uint32_t first, uint32_t count);

#endif
