#ifndef RT_OPS_POOL_H
#define RT_OPS_POOL_H

#include "common/graph/graph.h"
#include "common/ops/sides.h"

typedef struct rt_pool_options {
    uint32_t kernel;   ///< rows of the window, at least 1
    uint32_t stride;   ///< rows from window to window, at least 1
    uint32_t padding;  ///< on every side, at most half the window
    uint32_t kernel_w; ///< columns of the window; 0: as `kernel`
    uint32_t stride_w; ///< columns from window to window; 0: as `stride`
    rt_sides more;     ///< further padding of single sides, less than the window with `padding`
    /** The average is over the window's pixels inside the image (ONNX's default, PyTorch's
     *  count_include_pad=False), not over all of the window. */
    bool skip_padding;
} rt_pool_options;

/* Their nodes have rt_pool_options as attributes, kernel_w and stride_w filled in. */
extern const rt_operator rt_max_pool_operator;
extern const rt_operator rt_average_pool_operator;

/**
 * Windows of kernel x kernel_w pixels, stride apart: {N,H,W,C} -> {N,H',W',C} with
 *     H' = floor((H + 2 padding + more.top + more.bottom - kernel) / stride) + 1,  W' likewise.
 * Maximum: of the pixels inside the image, NaN if one of them is; the gradient goes to the first of
 * equal ones, row by row. Average: the sum over the window's size, pixels outside the image
 * counting as 0 (PyTorch's defaults); pixels of `more` never count. So a rounding up of H'
 * (PyTorch's and ONNX's ceil_mode) is a `more.bottom` of what is missing, and TensorFlow's SAME is
 * `more` with `skip_padding`. Errors: RT_ERROR_INPUT for options out of range or a window larger
 * than the image with its padding, or one that no pixel of the image is in.
 */
rt_tensor *rt_max_pool(rt_graph *graph, rt_tensor *x, const rt_pool_options *options);
rt_tensor *rt_average_pool(rt_graph *graph, rt_tensor *x, const rt_pool_options *options);

#endif
