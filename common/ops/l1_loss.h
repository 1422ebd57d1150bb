#ifndef RT_OPS_L1_LOSS_H
#define RT_OPS_L1_LOSS_H

#include "common/graph/graph.h"

extern const rt_operator rt_l1_loss_operator;

/**
 * Mean of |a - b| over all N*H*W*C numbers, a scalar {1,1,1,1}. Numbers of sample i are multiplied
 * by mask_i ({N,1,1,1} or NULL for all 1); the divisor stays N*H*W*C. Gradients to a and b where
 * wanted, 0 where a = b. Errors: RT_ERROR_INPUT for shapes that do not fit.
 */
rt_tensor *rt_l1_loss(rt_graph *graph, rt_tensor *a, rt_tensor *b, rt_tensor *mask);

#endif
