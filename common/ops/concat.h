#ifndef RT_OPS_CONCAT_H
#define RT_OPS_CONCAT_H

#include "common/graph/graph.h"

extern const rt_operator rt_concat_operator;

/**
 * Images side by side along the channels: {N,H,W,C_1}, {N,H,W,C_2}, ... -> {N,H,W,C_1 + C_2 + ...}.
 *     rt_tensor *x = rt_concat(graph, (rt_tensor *[]){left, right}, 2);
 * Any number of tensors from 1 on; one alone is returned as it is. One node for up to
 * RT_MAXIMUM_INPUTS tensors; more, and tensors of fewer than 4 channels between others, make a
 * chain of nodes. Fast where channel counts are multiples of 4. Errors: RT_ERROR_INPUT for no
 * tensor, or for tensors that differ in more than their channels.
 */
rt_tensor *rt_concat(rt_graph *graph, rt_tensor *const *tensors, uint32_t count);

#endif
