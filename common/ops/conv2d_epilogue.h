#ifndef RT_OPS_CONV2D_EPILOGUE_H
#define RT_OPS_CONV2D_EPILOGUE_H

/** What kernels with epilogues (rt_conv2d_family.epilogues, depthwise ones) are told of theirs.
 *  Inside common/ops. */

#include "common/ops/conv2d_family.h"

/** Of shaders/conv2d_forward_epilogue.glsl: all bindings {X, Weights, Bias, Mean, Variance, Scale,
 *  Shift, Addend, y, raw}, `push` from the second on, and five constants from `constants` on. */
void rt_conv2d_add_forward_epilogue(rt_dispatch *dispatch, uint32_t constants,
                                    const rt_conv2d_call *call);

/** Of shaders/conv2d_gradient_epilogue.glsl: all bindings {DY, weights, Addend, Made, Variance,
 *  Scale, Behind, dx}, `push` from the second on, and four constants from `constants` on. */
void rt_conv2d_add_gradient_epilogue(rt_dispatch *dispatch, uint32_t constants,
                                     const rt_conv2d_call *call, rt_gpu_range weights);

#endif
