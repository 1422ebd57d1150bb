#ifndef RT_OPS_BROADCAST_H
#define RT_OPS_BROADCAST_H

/**
 * What operators share that combine a large tensor with a small one, which has 1 in some of n, h,
 * w, c and is repeated there (binary.c, prelu.c, reduce_mean.c, instance_norm.c): the combination,
 * and the sums over the repetitions that lead back. RT_TRY(rt_record_broadcast(program,
 * &(rt_broadcast){ .kind = RT_BROADCAST_MULTIPLY, .large_shape = x->shape, .small_shape =
 * gate->shape, .x = rt_bind(x), .small = rt_bind(gate), .y = rt_bind(y)}));
 */

#include "common/graph/graph.h"

/** Whether every number of the small shape is that of the large one, or 1. */
bool rt_broadcasts(rt_shape small, rt_shape large);

/** y, of the large shape, from x and the small s, number by number; as in broadcast_forward.comp.
 */
typedef enum rt_broadcast_kind {
    RT_BROADCAST_ADD,      ///< x + s
    RT_BROADCAST_SUBTRACT, ///< x - s
    RT_BROADCAST_MULTIPLY, ///< x * s
    RT_BROADCAST_DIVIDE,   ///< x / s
    RT_BROADCAST_PRELU,    ///< x where x > 0, else s * x
    RT_BROADCAST_REPEAT,   ///< factor * s
} rt_broadcast_kind;

typedef struct rt_broadcast {
    rt_broadcast_kind kind;
    rt_shape large_shape, small_shape;
    rt_gpu_range x; ///< not of RT_BROADCAST_REPEAT
    rt_gpu_range small;
    rt_gpu_range y;
    double factor; ///< of RT_BROADCAST_REPEAT
    const char *label;
} rt_broadcast;
RT_CHECKED rt_status rt_record_broadcast(rt_program *program, const rt_broadcast *broadcast);

/** What is summed; as in broadcast_sums.comp. g, x: large; mean: small. */
typedef enum rt_broadcast_sum_kind {
    RT_SUM_PLAIN,             ///< g
    RT_SUM_PRODUCT,           ///< g * x
    RT_SUM_NEGATIVE,          ///< g * x where x < 0
    RT_SUM_DEVIATION_SQUARE,  ///< (g - mean)^2
    RT_SUM_DEVIATION_PRODUCT, ///< g * (x - mean)
} rt_broadcast_sum_kind;

/** What is done to the sums s at last; as in broadcast_total.comp. */
typedef enum rt_broadcast_finish {
    RT_FINISH_PLAIN,           ///< factor * s
    RT_FINISH_SQUARE_DIVISION, ///< factor * s / d^2, d the small tensor `divisor`
    RT_FINISH_INVERSE_ROOT,    ///< 1 / sqrt(factor * s + epsilon)
} rt_broadcast_finish;

/** total, of the small shape: sums over the large numbers that belong to each small one. Padding is
 *  written as 0. In a fixed order, by shapes and by whether the device is a CPU. */
typedef struct rt_broadcast_sums {
    rt_broadcast_sum_kind kind;
    rt_shape large_shape, small_shape;
    rt_gpu_range g;
    rt_gpu_range x;    ///< {0} where the kind has none
    rt_gpu_range mean; ///< {0} where the kind has none
    rt_broadcast_finish finish;
    rt_gpu_range divisor; ///< {0} where the finish has none
    double factor, epsilon;
    rt_gpu_range total;
    rt_gpu_range scratch; ///< rt_broadcast_sums_bytes
    const char *label;
} rt_broadcast_sums;
RT_CHECKED rt_status rt_record_broadcast_sums(rt_program *program, const rt_broadcast_sums *sums);
/** On the device that needs most; a multiple of what a range may begin at. */
uint64_t rt_broadcast_sums_bytes(rt_shape small, rt_shape large);

/** For kernels that include broadcast.glsl: adds its constants. `masked`: whether padding channels
 * of y need care. */
void rt_broadcast_constants(rt_dispatch *dispatch, rt_shape large, rt_shape small, bool masked);

#endif
