#ifndef RT_OPS_CONV2D_H
#define RT_OPS_CONV2D_H

#include "common/graph/graph.h"

typedef struct rt_conv2d_options {
    uint32_t stride;  ///< 1 or 2
    uint32_t padding; ///< zeros on every side, at most 7
} rt_conv2d_options;

extern const rt_operator rt_conv2d_operator;

/**
 * Convolution (cross-correlation, as in PyTorch's conv2d):
 *     y[n,oy,ox,o] = bias[o] + sum over ky,kx,i of
 *                    weight[ky,kx,i,o] x[n, oy stride + ky - padding, ox stride + kx - padding, i]
 *   x       {N,H,W,C}
 *   weight  {kernel_h,kernel_w,C rounded up to 4,O}, RT_LAYOUT_CONVOLUTION of a parameter set;
 *           sides from 1 to 7; rows of padding channels are 0
 *   bias    {1,1,1,O}, or NULL
 * Gradients to x, weight and bias, each only where wanted. The gradient to x reads the set's
 * transposed copy of the weights. Errors: RT_ERROR_INPUT for shapes that do not fit.
 */
rt_tensor *rt_conv2d(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                     const rt_conv2d_options *options);

/** A linear layer, {N,1,1,I} -> {N,1,1,O}: the 1x1 convolution of N one-pixel images. */
rt_tensor *rt_linear(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias);

#endif
