#ifndef RT_OPS_CROSS_ENTROPY_H
#define RT_OPS_CROSS_ENTROPY_H

#include "common/graph/graph.h"

extern const rt_operator rt_cross_entropy_operator;

/**
 * Cross-entropy of softmax(logits) with whole-number labels, a scalar {1,1,1,1}:
 *     -1/N sum_i sum_k q_ik log softmax(logits_i)_k,
 *     q_ik = label_smoothing/K + (1 - label_smoothing if k is the label of i)
 * The mean is over all N samples; one whose label is -1 counts as 0 and gets no gradient.
 * Shapes: logits {N,1,1,K}, labels {N,1,1,1}. Gradient to the logits only.
 * Errors: RT_ERROR_INPUT for other shapes or a smoothing outside [0,1).
 */
rt_tensor *rt_cross_entropy(rt_graph *graph, rt_tensor *logits, rt_tensor *labels,
                            float label_smoothing);

#endif
