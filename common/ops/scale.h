#ifndef RT_OPS_SCALE_H
#define RT_OPS_SCALE_H

#include "common/graph/graph.h"

extern const rt_operator rt_scale_operator;

/** What a node of it has as attributes: the arguments. */
typedef struct rt_scale_attributes {
    float factor;
} rt_scale_attributes;

/** y = factor * x, any shape. */
rt_tensor *rt_scale(rt_graph *graph, rt_tensor *x, float factor);

#endif
