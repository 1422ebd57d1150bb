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

/** A family's tiles for results of at most so many vec4 in a row, and more than the class before
 *  it in a table; best known first, NULL behind the last. The last class takes all. */
enum { RT_CONV2D_MOST_TILES = 4 };
typedef struct rt_conv2d_tile_class {
    uint32_t vectors;
    const void *pixels[RT_CONV2D_MOST_TILES];
    /** For images so small that a batch of some hundred gives large tiles to few cores. The number
     *  of images itself must not count (conv2d_family.h). */
    const void *few_pixels[RT_CONV2D_MOST_TILES];
    const void *weights[RT_CONV2D_MOST_TILES]; ///< of a weight gradient
} rt_conv2d_tile_class;

typedef struct rt_conv2d_tiles {
    const rt_conv2d_tile_class *classes;
    bool (*fits)(const rt_device_info *device, const void *tile); ///< the device has room for it
} rt_conv2d_tiles;

/** How many tiles a pass of a layer may choose from. */
uint32_t rt_conv2d_count_tiles(const rt_conv2d_tiles *tiles, const rt_device_info *device,
                               const rt_conv2d_shape *shape, rt_conv2d_pass pass);
/** The tile that call->candidate means. */
const void *rt_conv2d_find_tile(const rt_conv2d_tiles *tiles, rt_program *program,
                                const rt_conv2d_call *call, rt_conv2d_pass pass);

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
