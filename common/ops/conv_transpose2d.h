#ifndef RT_OPS_CONV_TRANSPOSE2D_H
#define RT_OPS_CONV_TRANSPOSE2D_H

#include "common/graph/graph.h"

typedef struct rt_conv_transpose2d_options {
    uint32_t stride;         ///< at least 1
    uint32_t padding;        ///< taken off every side of the result
    uint32_t output_padding; ///< added at the bottom and the right; less than the stride
    uint32_t dilation;       ///< distance of two taps; 0 counts as 1
} rt_conv_transpose2d_options;

extern const rt_operator rt_conv_transpose2d_operator;

/** What a node of it has as attributes. */
typedef rt_conv_transpose2d_options rt_conv_transpose2d_attributes;

/**
 * The gradient of a convolution with respect to its input, as a layer (PyTorch's
 * conv_transpose2d): {N,h,w,I} -> {N,H,W,O},
 *     y[n,oy,ox,o] = bias[o] + sum over iy,ix,ky,kx,i with oy = iy stride + ky dilation - padding
 *                    (ox likewise) of weight[ky,kx,o,i] x[n,iy,ix,i]
 *     H = (h - 1) stride - 2 padding + dilation (kernel_h - 1) + output_padding + 1,  W likewise
 *   weight  a parameter of RT_LAYOUT_CONVOLUTION whose file is [I,O,kernel_h,kernel_w], as
 *           PyTorch's is: {kernel_h,kernel_w,O rounded up to 4,I}
 *   bias    {1,1,1,O}, or NULL
 * Gradients to x, weight and bias. Done by the kernels of conv2d.h. Errors: RT_ERROR_INPUT for
 * shapes or options that do not fit.
 */
rt_tensor *rt_conv_transpose2d(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                               const rt_conv_transpose2d_options *options);

#endif
