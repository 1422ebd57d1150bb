#ifndef RT_OPS_DROPOUT_H
#define RT_OPS_DROPOUT_H

#include "common/graph/graph.h"

typedef struct rt_dropout_options {
    float probability; ///< of a 0, in [0,1)
    uint64_t seed;
    uint32_t layer; ///< which of the dropouts that share the seed: no two have the same draws
} rt_dropout_options;

/** Its nodes have rt_dropout_options as attributes. */
extern const rt_operator rt_dropout_operator;

/**
 * Dropout (Srivastava et al. 2014): each number is 0 with the probability p, else x / (1 - p). Only
 * while training; in evaluation leave it out (rt_layer_dropout knows which it is).
 * Draws: numbers 4 k to 4 k + 3 of the padded tensor take the four words of Philox at (seed,
 * RT_STREAM_DROPOUT + 256 layer, first word of the graph's counters, k); a number is kept where
 * rt_random_uniform(word) >= p. The backward pass draws them again.
 * Errors: RT_ERROR_INPUT for a probability outside [0,1).
 */
rt_tensor *rt_dropout(rt_graph *graph, rt_tensor *x, const rt_dropout_options *options);

#endif
