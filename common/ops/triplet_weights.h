#ifndef RT_OPS_TRIPLET_WEIGHTS_H
#define RT_OPS_TRIPLET_WEIGHTS_H

#include "common/graph/graph.h"

/** Which samples of another label may be negatives, and how likely each is. */
typedef enum rt_sampling {
    RT_SAMPLING_FOCAL,    ///< RGAL's synthesis: lower < d < upper, weighted by distance
    RT_SAMPLING_DISTANCE, ///< RGAL's student: d < cut, distances below `floor` count as it
    RT_SAMPLING_UNIFORM,  ///< all alike (ablation)
} rt_sampling;

typedef enum rt_miner_form {
    RT_MINER_STABLE, ///< weights relative to the largest that can be drawn
    RT_MINER_COMPAT, ///< what the released code does in float32: relative to the largest of the
                     ///< whole row, same class included, so that with about 100 classes all
                     ///< weights are often 0 and the negatives uniform
} rt_miner_form;

typedef struct rt_miner_options {
    rt_sampling sampling;
    rt_miner_form form;
    float focal_lower, focal_upper;       ///< exclusive; 0 and 0: 0.5 and 1.0
    float distance_floor, distance_upper; ///< floor, and upper bound exclusive; 0 and 0: 0.5, 1.4
    uint64_t seed;                        ///< of the draws
    uint32_t stream; ///< of the draws: an rt_random_stream; 0: RT_STREAM_TRIPLET
} rt_miner_options;

/**
 * The probability of sample j as negative of anchor i: {N,1,1,N}, rows that sum to 1 (methods of
 * RGAL: inverse density of the distances between points on the unit sphere),
 *     log weight = (2 - D) ln d - (D - 3)/2 ln(1 - d^2/4)
 * over the samples j of another label in range; uniform over all of another label where the range
 * is empty or every weight is 0; a row of 0 where no sample has another label.
 *   distances       {N,1,1,N}, of unit vectors (rt_pairwise_distance with shift 0)
 *   labels          {N,1,1,1}; a negative label: the sample has no negatives and is nobody's
 *   embedding_size  D
 * No gradient. Errors: RT_ERROR_INPUT for shapes that do not fit and for an empty range.
 */
rt_tensor *rt_triplet_weights(rt_graph *graph, rt_tensor *distances, rt_tensor *labels,
                              uint32_t embedding_size, const rt_miner_options *options);

extern const rt_operator rt_triplet_weights_operator;

#endif
