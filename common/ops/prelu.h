#ifndef RT_OPS_PRELU_H
#define RT_OPS_PRELU_H

#include "common/graph/graph.h"

extern const rt_operator rt_prelu_operator;

/**
 * ReLU with a slope that is learned (He et al. 2015): y = x where x > 0, else slope * x.
 * slope: {1,1,1,C}, one a channel, or {1,1,1,1}, one for all. Gradients to both.
 * Errors: RT_ERROR_INPUT for a slope of another shape.
 */
rt_tensor *rt_prelu(rt_graph *graph, rt_tensor *x, rt_tensor *slope);

#endif
