#ifndef RT_OPS_TRIPLET_LOSS_H
#define RT_OPS_TRIPLET_LOSS_H

#include "common/graph/graph.h"

typedef enum rt_direction {
    RT_DIRECTION_RELEASED, ///< pull the same class, push others (the released code, both phases)
    RT_DIRECTION_PAPER,    ///< roles swapped: push the same class, pull others (RGAL's synthesis)
} rt_direction;

typedef struct rt_triplet_options {
    float margin; ///< 0.2 in RGAL
    rt_direction direction;
} rt_triplet_options;

/**
 * The triplet margin loss over all pairs (a,p) that have a negative n = negatives[a][p] >= 0:
 *     mean of max(0, d(a,p) - d(a,n) + margin)      released
 *     mean of max(0, d(a,n) - d(a,p) + margin)      paper
 * with d(i,j) = |f_i - f_j + 1e-6|, as PyTorch's triplet_margin_loss (p = 2, no swap). Triplets
 * without loss count in the mean; a batch without triplets has loss 0.
 *   features   {N,1,1,D}, pooled and normalised (rt_l2_normalise); they receive the gradient
 *   negatives  {N,1,1,N} of rt_mine_negatives; whole numbers below N, or negative for no triplet
 * Returns the loss {1,1,1,1}. Errors: RT_ERROR_INPUT for shapes that do not fit.
 */
rt_tensor *rt_triplet_loss(rt_graph *graph, rt_tensor *features, rt_tensor *negatives,
                           const rt_triplet_options *options);

/** Of a loss made by rt_triplet_loss: {1,1,1,4} = {number of triplets, share of them with a
 *  gradient, mean d(a,p), mean d(a,n)}, for logging. NULL for NULL. */
rt_tensor *rt_triplet_statistics(const rt_tensor *loss);

extern const rt_operator rt_triplet_loss_operator;

#endif
