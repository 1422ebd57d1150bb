#ifndef RT_OPS_CONV_TRANSPOSE2D_H
#define RT_OPS_CONV_TRANSPOSE2D_H

#include "common/graph/graph.h"
#include "common/ops/sides.h"

typedef struct rt_conv_transpose2d_options {
    uint32_t stride;         ///< at least 1
    uint32_t padding;        ///< lines cut off on every side
    uint32_t output_padding; ///< lines put back below and right; less than stride or dilation
    uint32_t groups;         ///< of channels, each with weights of its own; 0 counts as 1
    uint32_t dilation;       ///< distance of neighbouring taps, in pixels; 0 counts as 1
    rt_sides more;           ///< further lines cut off single sides
} rt_conv_transpose2d_options;

/* Its nodes have rt_conv_transpose2d_options as attributes, dilation and groups filled in. */
extern const rt_operator rt_conv_transpose2d_operator;

/**
 * Transposed convolution (PyTorch's conv_transpose2d): every pixel of x adds a kernel to y,
 *     y[n, iy stride + ky dilation - top, ix stride + kx dilation - left, g O/G + o] +=
 *         weight[ky,kx,o,i] x[n,iy,ix,i],  top = padding + more.top and so on,  g = floor(i G/C)
 * and then bias[o]. It is the gradient of the convolution of that weight, and so it is computed:
 * with that convolution's kernels, in the other direction.
 *   x       {N,H,W,C}
 *   weight  a parameter of RT_LAYOUT_CONVOLUTION whose file has [C,O/G,kernel_h,kernel_w]
 *   bias    {1,1,1,O}, or NULL
 *   y       {N,H',W',O}, H' = (H - 1) stride + (kernel_h - 1) dilation + 1 + output_padding
 *           - top - bottom
 * Gradients to x, weight and bias. Errors: RT_ERROR_INPUT for shapes that do not fit.
 */
rt_tensor *rt_conv_transpose2d(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                               const rt_conv_transpose2d_options *options);

#endif
