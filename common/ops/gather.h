#ifndef RT_OPS_GATHER_H
#define RT_OPS_GATHER_H

#include "common/graph/graph.h"

extern const rt_operator rt_gather_operator;

/** What a node of it has as attributes. */
typedef struct rt_gather_attributes {
    rt_shape shape;    ///< of the output
    bool whole_vec4s;  ///< each vec4 of the output is one of x, or 0
    bool back_whole;   ///< the same of the gradient, where no number is taken several times
    int32_t indices[]; ///< the argument: h*w*c of the output
} rt_gather_attributes;

/**
 * Numbers of a sample in another order, some of them several times, some not at all; the same order
 * for each sample n of the batch:
 *     y[n][i] = x[n][indices[i]], or 0 where indices[i] is -1
 * i and indices[i] count over h, w, c of the output and of x in this order, without padding:
 * {N,H,W,C} -> {N, shape.h, shape.w, shape.c}; shape.n is not read. This is every transposition,
 * flattening in another order (NCHW), slice, repetition, and selection that is known beforehand:
 *     // x flattened in the order of its channels, as PyTorch's x.flatten(1)
 *     for (h, w, c) indices[(c * H + h) * W + w] = (h * W + w) * C + c;
 *     rt_gather(graph, x, (rt_shape){N, 1, 1, H * W * C}, indices)
 * The gradient of a number that was taken several times is the sum, in order of i.
 * What has a kernel of its own is faster there: rt_reshape (free), rt_slice_channels,
 * rt_channel_shuffle, rt_pad, rt_concat, rt_resize. It is fast, too, where each four channels of
 * the output are four channels of one pixel of x, or all four 0.
 * `indices` is copied.
 * Errors: RT_ERROR_INPUT for an index out of range; for samples of more than 2^24 numbers; for
 * more than 65535 samples.
 */
rt_tensor *rt_gather(rt_graph *graph, rt_tensor *x, rt_shape shape, const int32_t *indices);

#endif
