#ifndef RT_OPS_DRAW_NEGATIVES_H
#define RT_OPS_DRAW_NEGATIVES_H

#include "common/ops/triplet_weights.h"

/**
 * Draws one negative for every ordered pair of different samples (a,p) of equal label:
 * {N,1,1,N}, row a column p, the negative's index as a whole number. -1 where (a,p) is no pair or
 * row a has no weight.
 *   weights  {N,1,1,N}: how likely each sample is as negative of a; not negative, rows of any sum
 *   labels   {N,1,1,1}; negative: no label, the sample is part of no pair
 *   draws    {N,1,1,N} uniform numbers in [0,1), one a pair; NULL: Philox of (seed, stream, word 0
 *            of rt_graph_counters, a N + p)
 *   options  seed and stream are used
 * No gradient. Errors: RT_ERROR_INPUT for shapes that do not fit.
 */
rt_tensor *rt_draw_negatives(rt_graph *graph, rt_tensor *weights, rt_tensor *labels,
                             rt_tensor *draws, const rt_miner_options *options);

extern const rt_operator rt_draw_negatives_operator;

#endif
