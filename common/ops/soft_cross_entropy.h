#ifndef RT_OPS_SOFT_CROSS_ENTROPY_H
#define RT_OPS_SOFT_CROSS_ENTROPY_H

#include "common/graph/graph.h"

extern const rt_operator rt_soft_cross_entropy_operator;

/**
 * Cross-entropy of softmax(logits) with target probabilities, a scalar {1,1,1,1}:
 *     -1/N sum_i sum_k target_ik log softmax(logits_i)_k
 * Shapes: both {N,1,1,K}. Gradient to the logits only. Errors: RT_ERROR_INPUT for other shapes.
 */
rt_tensor *rt_soft_cross_entropy(rt_graph *graph, rt_tensor *logits, rt_tensor *target);

#endif
