#ifndef RT_OPS_CONV2D_H
#define RT_OPS_CONV2D_H

#include "common/graph/graph.h"
#include "common/ops/sides.h"

typedef struct rt_conv2d_options {
    uint32_t stride;   ///< at least 1
    uint32_t padding;  ///< lines of zeros on every side
    rt_sides more;     ///< further lines of single sides (TensorFlow's SAME)
    uint32_t dilation; ///< distance of neighbouring taps, in pixels; 0 counts as 1
    uint32_t groups;   ///< of channels, each with weights of its own; 0 counts as 1
} rt_conv2d_options;

/* Its nodes have rt_conv2d_options as attributes, dilation and groups filled in. */
extern const rt_operator rt_conv2d_operator;

/**
 * Convolution (cross-correlation, as in PyTorch's conv2d):
 *     y[n,oy,ox,o] = bias[o] + sum over ky,kx,i of weight[ky,kx,i,o]
 *                    x[n, oy stride + ky dilation - top, ox stride + kx dilation - left, g C/G + i]
 *   x       {N,H,W,C}, 0 outside the image; top = padding + more.top and so on
 *   weight  {kernel_h,kernel_w,C/G rounded up to 4,O}, RT_LAYOUT_CONVOLUTION of a parameter set
 *           whose file has [O,C/G,kernel_h,kernel_w]; rows of padding channels are 0
 *   bias    {1,1,1,O}, or NULL
 *   y       {N,H',W',O}, H' = floor((H + top + bottom - (kernel_h - 1) dilation - 1) / stride) + 1
 * G groups of channels: the output channels of group g = floor(o G/O) see the g-th C/G channels of
 * x; with G = C each sees one (depthwise). Fast are, with kernels and padding up to 7: without
 * groups strides up to 4 and taps side by side; depthwise, and groups of whole vec4, strides and
 * dilations up to 2. All else is done by plain kernels. Gradients to x, weight and bias, each only
 * where wanted. The gradient to x reads the set's transposed copy of the weights. Errors:
 * RT_ERROR_INPUT for shapes that do not fit.
 */
rt_tensor *rt_conv2d(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                     const rt_conv2d_options *options);

/** A linear layer, {N,1,1,I} -> {N,1,1,O}: the 1x1 convolution of N one-pixel images. */
rt_tensor *rt_linear(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias);

#endif
