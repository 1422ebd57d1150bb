#ifndef RT_OPS_GLOBAL_AVERAGE_POOL_H
#define RT_OPS_GLOBAL_AVERAGE_POOL_H

#include "common/graph/graph.h"

extern const rt_operator rt_global_average_pool_operator;

/** The mean over all pixels of a channel: {N,H,W,C} -> {N,1,1,C}. */
rt_tensor *rt_global_average_pool(rt_graph *graph, rt_tensor *x);

#endif
