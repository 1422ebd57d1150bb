#ifndef RT_OPS_RELU_H
#define RT_OPS_RELU_H

#include "common/graph/graph.h"

/** y = max(x, 0): the leaky ReLU of slope 0. */
rt_tensor *rt_relu(rt_graph *graph, rt_tensor *x);

#endif
