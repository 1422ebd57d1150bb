#ifndef RT_OPS_CONV2D_GROUPED_H
#define RT_OPS_CONV2D_GROUPED_H

/**
 * The three passes of convolutions with groups of channels. There is nothing to choose here by
 * timing: the shape decides.
 *   depthwise   a channel is a group: limited by memory, in tiles of pixels (conv2d_depthwise.h)
 *   grouped     groups of whole vec4
 *   plain       any groups, any dilation: the definition
 * The weights lie as those of every convolution, with the inputs of one group in their rows:
 * {kernel_h, kernel_w, C/G rounded up to 4, O}. Of depthwise ones three of four rows are 0, which
 * costs some kB and keeps files, optimisers and transposed copies as they are.
 * Inside common/ops.
 */

#include "common/ops/conv2d_family.h"

/** Whether the kernels of this layer heed all epilogues (rt_conv2d_family.epilogues): depthwise
 *  ones do, the others only the addend of the input gradient. */
bool rt_conv2d_grouped_joins(const rt_conv2d_shape *shape, uint32_t groups);

/** Records a pass of call->shape in `groups` groups, 2 or more. */
RT_CHECKED rt_status rt_conv2d_grouped_record(rt_program *program, rt_conv2d_pass pass,
                                              const rt_conv2d_call *call, uint32_t groups);

/** Scratch of a weight gradient: call->partial. */
uint64_t rt_conv2d_grouped_partial_bytes(const rt_conv2d_shape *shape, uint32_t groups);

#endif
