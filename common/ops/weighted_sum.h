#ifndef RT_OPS_WEIGHTED_SUM_H
#define RT_OPS_WEIGHTED_SUM_H

#include "common/graph/graph.h"

extern const rt_operator rt_weighted_sum_operator;

/**
 * y = sum over i of weights[i] * terms[i]: `count` scalars {1,1,1,1}, at most RT_MAXIMUM_INPUTS - 1
 * of them, and a tensor {1,1,1,count} of weights, a state or an input, so that they may change from
 * step to step without a new graph. Gradients flow to the terms only.
 * Errors: RT_ERROR_INTERNAL for other shapes or counts.
 */
rt_tensor *rt_weighted_sum(rt_graph *graph, rt_tensor *const *terms, uint32_t count,
                           rt_tensor *weights);

#endif
