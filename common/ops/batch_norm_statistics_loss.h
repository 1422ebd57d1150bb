#ifndef RT_OPS_BATCH_NORM_STATISTICS_LOSS_H
#define RT_OPS_BATCH_NORM_STATISTICS_LOSS_H

#include "common/graph/graph.h"

extern const rt_operator rt_batch_norm_statistics_loss_operator;

/**
 * How far the statistics of x, the input of a batch normalisation, are from the running ones
 * (DeepInversion, Yin et al. 2020; docs/methods.md):
 *     |variance - running_var| + |mean - running_mean|, Euclidean norms over the channels,
 * the variance biased, the norms neither squared nor divided by anything. A scalar {1,1,1,1}.
 * Gradient to x only; a norm that is 0 passes none.
 * Errors: RT_ERROR_INPUT if running_mean and running_var are not {1,1,1,C}.
 */
rt_tensor *rt_batch_norm_statistics_loss(rt_graph *graph, rt_tensor *x, rt_tensor *running_mean,
                                         rt_tensor *running_var);

#endif
