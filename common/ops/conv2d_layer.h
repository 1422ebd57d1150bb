#ifndef RT_OPS_CONV2D_LAYER_H
#define RT_OPS_CONV2D_LAYER_H

/** What the operators around convolutions share: from options to the kernels' terms.
 *  Inside common/ops. */

#include "common/ops/conv2d.h"
#include "common/ops/conv2d_family.h"

/** Checks the tensors {x, weight, bias} and the options (attributes) of a node for infer_shape:
 *  whether there is such a layer. Errors: RT_ERROR_INPUT. */
RT_CHECKED rt_status rt_conv2d_check(const rt_node *node);

/** A layer that rt_conv2d_check would let pass. */
rt_conv2d_shape rt_conv2d_shape_of(rt_shape x, rt_shape weight, const rt_conv2d_options *options);

/** Records a pass: with the kernels chosen for it or, with groups, with those of conv2d_grouped.h.
 */
RT_CHECKED rt_status rt_conv2d_record_pass(rt_program *program, rt_conv2d_pass pass,
                                           const rt_conv2d_call *call, uint32_t groups);
/**
 * An operator with inputs {x, weight, bias} around a convolution: which layer's kernels it uses,
 * and which of that layer's passes its own are.
 */
typedef struct rt_conv2d_role {
    rt_conv2d_shape (*shape)(const rt_node *node);
    uint32_t (*groups)(const rt_node *node);
    rt_conv2d_pass forward, input_gradient;
} rt_conv2d_role;

/* For the operators' tables: */

/** prepare: chooses kernels for all passes that are going to run. */
RT_CHECKED rt_status rt_conv2d_role_prepare(const rt_conv2d_role *role, rt_device *device,
                                            const rt_work *work, uint32_t count);
/** scratch: the parts of the weights' gradient, and behind them those of the bias's. */
uint64_t rt_conv2d_role_scratch(const rt_conv2d_role *role, const rt_node *node, rt_pass pass);
/** backward, as far as the bias goes, if its gradient is wanted. */
RT_CHECKED rt_status rt_conv2d_role_bias_gradient(const rt_conv2d_role *role, rt_program *program,
                                                  const rt_node *node);
/** cost: a multiplication and an addition for each weight and pixel, each tensor once, for every
 *  one of the passes that the node does. */
rt_cost rt_conv2d_role_cost(const rt_conv2d_role *role, const rt_node *node, rt_pass pass);

#endif
