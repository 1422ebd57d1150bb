#include "generator/methods/terms.h"

#include "common/ops/batch_norm_statistics_loss.h"
#include "common/ops/weighted_sum.h"

/* As many scalars as one rt_weighted_sum takes. */
enum { SUM_WIDTH = RT_MAXIMUM_INPUTS - 1 };

/* Sums of sums. */
rt_tensor *rt_terms_sum(rt_graph *graph, rt_tensor **terms, uint32_t count)
{
    const float ones[SUM_WIDTH] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    while (count > 1) {
        uint32_t sums = 0;
        for (uint32_t first = 0; first < count; first += SUM_WIDTH) {
            const uint32_t width = count - first < SUM_WIDTH ? count - first : SUM_WIDTH;
            rt_tensor *weights = rt_graph_constant(graph, "ones", (rt_shape){1, 1, 1, width}, ones);
            terms[sums++] = rt_weighted_sum(graph, &terms[first], width, weights);
        }
        count = sums;
    }
    return terms[0];
}

rt_tensor *rt_batch_norm_distance(rt_graph *graph, const rt_network_outputs *network)
{
    rt_tensor *losses[RT_MAXIMUM_BATCH_NORMS];
    if (network->batch_norm_count == 0) return NULL;
    for (uint32_t i = 0; i < network->batch_norm_count; i++) {
        const rt_batch_norm_use *use = &network->batch_norms[i];
        losses[i] =
            rt_batch_norm_statistics_loss(graph, use->input, use->running_mean, use->running_var);
    }
    return rt_terms_sum(graph, losses, network->batch_norm_count);
}
