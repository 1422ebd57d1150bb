#ifndef RT_OPS_ELEMENTWISE_H
#define RT_OPS_ELEMENTWISE_H

/**
 * What operators over whole tensors share: kernels that include shaders/tensor.glsl.
 *     return rt_dispatch_items(program, rt_shape_vec4_count(y->shape), &(rt_dispatch){
 *         .shader = "add_forward", .bindings = {rt_bind(a), rt_bind(b), rt_bind(y)}});
 */

#include "common/graph/graph.h"

/** Dispatches a kernel of shaders/tensor.glsl over `count` items: adds the push constant `count`,
 *  the workgroup size that the device allows and the number of workgroups to `dispatch`. */
RT_CHECKED rt_status rt_dispatch_items(rt_program *program, uint64_t count,
                                       const rt_dispatch *dispatch);

/** For infer_shape: one output, of the first input's shape. */
RT_CHECKED rt_status rt_infer_same_shape(rt_graph *graph, rt_node *node);

/** For cost: `flops` operations a real number of `shape`, and `tensors` reads or writes of it. */
rt_cost rt_elementwise_cost(rt_shape shape, double flops, double tensors);

#endif
