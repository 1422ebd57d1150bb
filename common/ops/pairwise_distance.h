#ifndef RT_OPS_PAIRWISE_DISTANCE_H
#define RT_OPS_PAIRWISE_DISTANCE_H

#include "common/graph/graph.h"

/**
 * Euclidean distances between all samples of x {N,1,1,D}: {N,1,1,N}, row i column j
 *     d_ij = sqrt(sum_c (x_ic - x_jc + shift)^2), and 1 on the diagonal, a constant.
 * `shift` 0: the distances of RGAL's miner, at least 1e-6 (where that holds them up they are
 * constants: the gradient is 0).
 * `shift` 1e-6: those of PyTorch's triplet_margin_loss, which adds it to every number of the
 * difference, so that d_ij is a hair different from d_ji. No lower bound; gradient 0 at 0.
 * Errors: RT_ERROR_INPUT for another shape.
 */
rt_tensor *rt_pairwise_distance(rt_graph *graph, rt_tensor *x, float shift);

extern const rt_operator rt_pairwise_distance_operator;

#endif
