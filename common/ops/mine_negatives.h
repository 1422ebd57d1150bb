#ifndef RT_OPS_MINE_NEGATIVES_H
#define RT_OPS_MINE_NEGATIVES_H

/**
 * The negatives of RGAL's triplets, as a matrix and not as a list, so that shapes never change:
 *     const rt_miner_options miner = {.sampling = RT_SAMPLING_FOCAL, .seed = seed};
 *     rt_tensor *negatives = rt_mine_negatives(graph, teacher_logits, labels, NULL, &miner);
 *     rt_tensor *features = rt_l2_normalise(graph, pooled, 1e-12f);
 *     rt_tensor *loss = rt_triplet_loss(graph, features, negatives, &options);
 */

#include "common/ops/triplet_weights.h"

/**
 * Distances of the normalised embeddings, weights (triplet_weights.h) and one draw for every
 * ordered pair of different samples (a,p) of equal label (draw_negatives.h): {N,1,1,N}, row a
 * column p, the negative's index; -1 where (a,p) is no pair or no sample has another label than a.
 *   embeddings  {N,1,1,D}; normalised here. In RGAL the logits of the teacher (synthesis) or of the
 *               student (student phase)
 *   labels      {N,1,1,1}; negative: no label, the sample is part of no triplet
 *   draws       {N,1,1,N} uniform numbers in [0,1), one a pair; NULL: Philox of (seed, stream,
 *               word 0 of rt_graph_counters, a N + p)
 * No gradient flows into the embeddings. Errors: RT_ERROR_INPUT for shapes that do not fit.
 */
rt_tensor *rt_mine_negatives(rt_graph *graph, rt_tensor *embeddings, rt_tensor *labels,
                             rt_tensor *draws, const rt_miner_options *options);

#endif
