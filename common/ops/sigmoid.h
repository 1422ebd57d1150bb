#ifndef RT_OPS_SIGMOID_H
#define RT_OPS_SIGMOID_H

#include "common/graph/graph.h"

extern const rt_operator rt_sigmoid_operator;

/** y = 1 / (1 + exp(-x)), any shape. */
rt_tensor *rt_sigmoid(rt_graph *graph, rt_tensor *x);

#endif
