#ifndef RT_OPS_CHANNELS_H
#define RT_OPS_CHANNELS_H

/**
 * What operators share that do one thing a channel (batch norm and losses on its statistics):
 * kernels that include shaders/channels.glsl, and reductions over pixels in two stages.
 *     const rt_channel_blocks blocks = rt_channel_reduction(program, x->shape);
 *     RT_TRY(rt_dispatch_channels(program, x->shape, blocks.block, &dispatch));
 */

#include "common/graph/graph.h"

/** vec4 of channels a workgroup of the kernels that add up the blocks. */
enum { RT_CHANNEL_TOTAL_COLUMNS = 4 };

/** How the pixels are cut for a reduction: a function of the shape, and of whether the device is a
 *  CPU. */
typedef struct rt_channel_blocks {
    uint32_t block; ///< pixels of a block; the last may have fewer
    uint32_t count;
} rt_channel_blocks;

rt_channel_blocks rt_channel_reduction(rt_program *program, rt_shape shape);
/** Bytes of two vectors of channels for every block, on the device that has most of them, rounded
 * up to what a range may begin at. */
uint64_t rt_channel_blocks_bytes(rt_shape shape);
/** Bytes of one vector of channels, rounded up in the same way. */
uint64_t rt_channel_vector_bytes(rt_shape shape);
/** `size` bytes of a range from `offset` on. */
rt_gpu_range rt_subrange(rt_gpu_range range, uint64_t offset, uint64_t size);

/** Dispatches a kernel of shaders/channels.glsl over a tensor of this shape in blocks of `block`
 *  pixels, 0: of a size that suits element by element work. Adds its constants to `dispatch`. */
RT_CHECKED rt_status rt_dispatch_channels(rt_program *program, rt_shape shape, uint32_t block,
                                          const rt_dispatch *dispatch);

/** Records mean and biased variance of x a channel. `scratch` has rt_channel_blocks_bytes; with
 *  `running_mean` (else {0}) the running statistics move by `momentum`. */
typedef struct rt_channel_statistics {
    const rt_tensor *x;
    rt_gpu_range mean, variance;
    rt_gpu_range running_mean, running_var;
    float momentum;
    rt_gpu_range scratch;
    const char *label;
} rt_channel_statistics;
RT_CHECKED rt_status rt_record_channel_statistics(rt_program *program,
                                                  const rt_channel_statistics *statistics);

#endif
