#ifndef RT_OPS_SAMPLES_H
#define RT_OPS_SAMPLES_H

/**
 * What operators share that treat a batch sample by sample: kernels of which one invocation takes a
 * whole row of logits {N,1,1,K} (shaders/logits.glsl), and means over what they give for each.
 *     RT_TRY(rt_dispatch_samples(program, logits->shape, &(rt_dispatch){
 *         .shader = "cross_entropy_samples", .bindings = {..., node->scratch}}));
 *     return rt_record_mean(program, node, samples, samples);
 */

#include "common/graph/graph.h"

/** For infer_shape: that a tensor is {N,1,1,K}. Errors: RT_ERROR_INPUT. */
RT_CHECKED rt_status rt_check_rows(const rt_tensor *tensor);
/** For infer_shape: that a tensor has one number a sample, {samples,1,1,1}; NULL is fine. Errors:
 *  RT_ERROR_INPUT. */
RT_CHECKED rt_status rt_check_one_a_sample(const rt_tensor *tensor, uint32_t samples);
/** For infer_shape: that two tensors have one shape. Errors: RT_ERROR_INPUT. */
RT_CHECKED rt_status rt_check_same_shape(const rt_tensor *a, const rt_tensor *b);

/** Dispatches a kernel of 64 invocations a workgroup, one a sample: adds the push constant
 * `samples` and the number of workgroups. */
RT_CHECKED rt_status rt_dispatch_samples(rt_program *program, uint32_t samples,
                                         const rt_dispatch *dispatch);
/** The same for rows of logits: adds `vec4s` and `classes` too. */
RT_CHECKED rt_status rt_dispatch_rows(rt_program *program, rt_shape logits,
                                      const rt_dispatch *dispatch);

/** Records: the node's first output = sum of the first `count` values in its scratch memory (a vec4
 *  each, in .x) / divisor. */
RT_CHECKED rt_status rt_record_mean(rt_program *program, const rt_node *node, uint32_t count,
                                    double divisor);
/** For scratch: the bytes of one value a sample of the first input, in the forward pass. */
uint64_t rt_samples_scratch(const rt_node *node, rt_pass pass);

#endif
