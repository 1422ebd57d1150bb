#ifndef RT_OPS_CROP_FLIP_H
#define RT_OPS_CROP_FLIP_H

#include "common/graph/graph.h"

typedef struct rt_crop_flip_options {
    uint32_t padding; ///< pixels of zeros on every side before the crop
    bool flip;        ///< mirror left and right with probability 1/2
    uint32_t views;   ///< images made of each; 0 counts as 1
    uint64_t seed;
    uint32_t stream; ///< rt_random_stream, common/base/random.h
} rt_crop_flip_options;

extern const rt_operator rt_crop_flip_operator;
extern const rt_operator rt_crop_flip_draws_operator;

/**
 * Random crop back to HxW after zero padding, then random flip, drawn for every output image by
 * itself: {N,H,W,C} -> {N views,H,W,C}; view v of image n is row v N + n. With (dx, dy, flip):
 *     y[v N + n, h, w] = x[n, h + dy - padding, w' + dx - padding], 0 outside the image,
 *     w' = flip ? W - 1 - w : w
 * Draws of output image i: Philox at (seed, stream, first word of the graph's counters, i) gives dx
 * and dy below 2 padding + 1 (words 0 and 1, as rt_random_below) and the flip (word 2's top bit).
 * `draws` (may be NULL): {N views,1,1,3} tensor of (dx, dy, flip as 0 or 1) to take instead.
 * Errors: RT_ERROR_INPUT for draws of another shape.
 */
rt_tensor *rt_crop_flip(rt_graph *graph, rt_tensor *x, rt_tensor *draws,
                        const rt_crop_flip_options *options);

#endif
