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
/** Bytes that call->partial of a weight gradient needs. */
uint64_t rt_conv2d_scratch(const rt_conv2d_shape *shape, uint32_t groups);

/** Multiplications and additions of a pass and its least memory traffic, for each of the passes
 *  that the node does. `in_channels`: that an output channel sees. */
rt_cost rt_conv2d_cost(const rt_node *node, rt_pass pass, uint32_t in_channels);

#endif
