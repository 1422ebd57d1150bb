#ifndef RT_OPS_CONV2D_DEPTHWISE_H
#define RT_OPS_CONV2D_DEPTHWISE_H

/** Kernels of depthwise convolutions (shaders/conv2d_depthwise.glsl). Inside conv2d_grouped.c. */

#include "common/ops/conv2d_family.h"

/** Whether they do this layer, of as many groups as channels: what their unrolled tiles have been
 *  tried with. */
bool rt_conv2d_depthwise_does(const rt_conv2d_shape *shape);

/** Parts of a weight gradient, of the shape alone: the order of sums decides the bits. */
uint32_t rt_conv2d_depthwise_parts(const rt_conv2d_shape *shape);

RT_CHECKED rt_status rt_conv2d_depthwise_record(rt_program *program, rt_conv2d_pass pass,
                                                const rt_conv2d_call *call);

#endif
