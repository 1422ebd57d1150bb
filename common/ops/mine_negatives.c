#include "common/ops/mine_negatives.h"

#include "common/ops/draw_negatives.h"
#include "common/ops/l2_normalise.h"
#include "common/ops/pairwise_distance.h"

rt_tensor *rt_mine_negatives(rt_graph *graph, rt_tensor *embeddings, rt_tensor *labels,
                             rt_tensor *draws, const rt_miner_options *options)
{
    if (embeddings == NULL) return NULL; /* an earlier error */
    rt_tensor *unit = rt_l2_normalise(graph, embeddings, 1e-12f);
    rt_tensor *distances = rt_pairwise_distance(graph, unit, 0);
    rt_tensor *weights = rt_triplet_weights(graph, distances, labels, embeddings->shape.c, options);
    return rt_draw_negatives(graph, weights, labels, draws, options);
}
