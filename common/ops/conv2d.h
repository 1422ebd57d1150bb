#ifndef RT_OPS_CONV2D_H
#define RT_OPS_CONV2D_H

#include "common/graph/graph.h"
#include "common/ops/sides.h"

typedef struct rt_conv2d_options {
    uint32_t stride;   ///< at least 1
    uint32_t padding;  ///< zeros on every side
    rt_sides more;     ///< further zeros on single sides (TensorFlow's SAME)
    uint32_t dilation; ///< distance of two taps; 0 counts as 1
    uint32_t groups;   ///< 0 counts as 1: each output channel sees all input channels
} rt_conv2d_options;

extern const rt_operator rt_conv2d_operator;

/**
 * Convolution (cross-correlation, as in PyTorch's conv2d):
 *     y[n,oy,ox,o] = bias[o] + sum over ky,kx,i of weight[ky,kx,i,o]
 *         x[n, oy stride + ky dilation - padding - more.top, ox stride + ..., i]
 *   x       {N,H,W,C}
 *   weight  {kernel_h,kernel_w,C rounded up to 4,O}, RT_LAYOUT_CONVOLUTION of a parameter set;
 *           rows of padding channels are 0
 *   bias    {1,1,1,O}, or NULL
 * With groups g, output channel o sees the C/g input channels of its group, and the weights have as
 * many rows (conv2d_grouped.h). Fast up to 7x7 kernels and stride 2 without dilation; all else is
 * done by the plain kernels, slowly.
 * Gradients to x, weight and bias, each only where wanted. The gradient to x reads the set's
 * transposed copy of the weights. Errors: RT_ERROR_INPUT for shapes that do not fit.
 */
rt_tensor *rt_conv2d(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                     const rt_conv2d_options *options);

/** A linear layer, {N,1,1,I} -> {N,1,1,O}: the 1x1 convolution of N one-pixel images. */
rt_tensor *rt_linear(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias);

/** Stride, padding and dilation of a node of it. `more` has become a node before it (pad.h), and
 * the groups are seen by the weights. */
rt_conv2d_options rt_conv2d_options_of(const rt_node *node);

#endif
