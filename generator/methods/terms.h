#ifndef RT_GENERATOR_METHODS_TERMS_H
#define RT_GENERATOR_METHODS_TERMS_H

/** What methods, and the measures of a round, build their terms from. */

#include "common/nn/network.h"

/** The sum of `count` scalars, at least one; overwrites `terms`. */
rt_tensor *rt_terms_sum(rt_graph *graph, rt_tensor **terms, uint32_t count);

/**
 * How far the statistics of a batch lie from those that the network remembers (DeepInversion, Yin
 * et al. 2020): sum over its batch norms of |mean - running_mean| + |variance - running_var|.
 * NULL for a network without batch norm.
 */
rt_tensor *rt_batch_norm_distance(rt_graph *graph, const rt_network_outputs *network);

#endif
