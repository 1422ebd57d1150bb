#ifndef RT_OPS_OPTIMISER_H
#define RT_OPS_OPTIMISER_H

/**
 * What optimisers share: update nodes whose kernel goes once over the trained tensors of a set.
 * The kernel binds, in this order: values, gradients, the moments, the schedule (all as texel
 * buffers), the counters, and to write: values and the moments. Node inputs: schedule, counters.
 */

#include "common/graph/graph.h"

typedef struct rt_optimiser_update {
    rt_parameters *parameters;
    uint32_t moments; ///< 1 or 2
    float learning_rate_scale;
} rt_optimiser_update;

/** For infer_shape. Errors: RT_ERROR_INPUT unless the schedule is {steps,1,1,4}; RT_ERROR_INTERNAL
 *  if the set has nothing to train. */
RT_CHECKED rt_status rt_optimiser_check(const rt_node *node, const rt_parameters *parameters);

/** Records the kernel over the whole set, and the transposition of the weights that it changed.
 * Adds bindings and the push constants `rows`, `learning_rate_scale` and `count` to `dispatch`. */
RT_CHECKED rt_status rt_optimiser_record(rt_program *program, const rt_node *node,
                                         const rt_optimiser_update *update,
                                         const rt_dispatch *dispatch);

#endif
