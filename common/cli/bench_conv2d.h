#ifndef RT_CLI_BENCH_CONV2D_H
#define RT_CLI_BENCH_CONV2D_H

/** What `retort bench conv2d` measures (bench_conv2d.c) and the plain sums that judge its results
 *  (bench_conv2d_sums.c). */

#include "common/graph/phase.h"

typedef struct rt_bench_shape {
    uint32_t n, h, w, in, out, kernel, stride;
} rt_bench_shape;

/** A layer whose passes are measured; its padding is half its kernel. */
typedef struct rt_bench_layer {
    const rt_bench_shape *shape;
    uint32_t groups; ///< of channels; 1: none
    uint32_t padding, out_h, out_w;
} rt_bench_layer;

/** A number of the output, of the gradient of x, and of the gradient of the weights, where y =
 *  conv(x, w), the gradient of y is r, and all of x, r and w are rt_bench_number 1, 2 and 3 of
 * their dense positions. Adds the sizes of what is summed to `size`. */
double rt_bench_conv2d_forward(const rt_bench_layer *layer, uint32_t n, uint32_t h, uint32_t w,
                               uint32_t o, double *size);
double rt_bench_conv2d_input_gradient(const rt_bench_layer *layer, uint32_t n, uint32_t h,
                                      uint32_t w, uint32_t c, double *size);
/** `c` counts within the inputs that `o` sees. */
double rt_bench_conv2d_weight_gradient(const rt_bench_layer *layer, uint32_t o, uint32_t c,
                                       uint32_t y, uint32_t x, double *size);

#endif
