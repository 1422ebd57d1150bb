#ifndef RT_OPS_POOL_H
#define RT_OPS_POOL_H

#include "common/graph/graph.h"

typedef struct rt_pool_options {
    uint32_t kernel;  ///< side of the square window, at least 1
    uint32_t stride;  ///< at least 1
    uint32_t padding; ///< on every side, at most kernel / 2
} rt_pool_options;

extern const rt_operator rt_max_pool_operator;
extern const rt_operator rt_average_pool_operator;

/**
 * Windows of kernel x kernel pixels, stride apart: {N,H,W,C} -> {N,H',W',C} with
 *     H' = floor((H + 2 padding - kernel) / stride) + 1,  W' likewise.
 * Maximum: of the pixels inside the image; the gradient goes to the first of equal ones, row by
 * row. Average: the sum over kernel^2, pixels outside the image counting as 0 (PyTorch's
 * defaults). Errors: RT_ERROR_INPUT for options out of range or a window larger than the image.
 */
rt_tensor *rt_max_pool(rt_graph *graph, rt_tensor *x, const rt_pool_options *options);
rt_tensor *rt_average_pool(rt_graph *graph, rt_tensor *x, const rt_pool_options *options);

#endif
