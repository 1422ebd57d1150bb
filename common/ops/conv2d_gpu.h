#ifndef RT_OPS_CONV2D_GPU_H
#define RT_OPS_CONV2D_GPU_H

/**
 * What the families for GPUs have in common: a pass is a product of two matrices, whose result
 * has these sides, and a weight gradient is made in parts.
 * Inside common/ops.
 */

#include "common/ops/conv2d_family.h"

/** vec4 of channels in a row of the result. */
uint32_t rt_conv2d_result_vectors(const rt_conv2d_shape *shape, rt_conv2d_pass pass);
/** Rows of the result: pixels; of an input gradient the pixels of one parity in height and width,
 *  perhaps a line and a column too many; (tap, input channel) of a weight gradient. */
uint64_t rt_conv2d_result_rows(const rt_conv2d_shape *shape, rt_conv2d_pass pass);

/** Parts of a weight gradient: enough workgroups for a few on each core of a large GPU. */
uint32_t rt_conv2d_gpu_splits(const rt_conv2d_shape *shape);

/** Fills the bindings, groups, push constants and the constants of the shape, BIAS and ADD, for a
 *  pass whose tiles are `rows` by `vectors`. */
void rt_conv2d_gpu_bind(rt_dispatch *dispatch, const rt_conv2d_call *call, rt_conv2d_pass pass,
                        uint32_t rows, uint32_t vectors);
/** One more constant: of the tile. */
void rt_conv2d_gpu_constant(rt_dispatch *dispatch, const char *name, double value);
/** Records it, and for a weight gradient the sum of the parts. */
RT_CHECKED rt_status rt_conv2d_gpu_record(rt_program *program, const rt_conv2d_call *call,
                                          rt_conv2d_pass pass, const rt_dispatch *dispatch);

#endif
