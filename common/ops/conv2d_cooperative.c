/* The cooperative family: which tiles a pass of a layer may get (shaders/conv2d_cooperative.glsl).
 * Its products are of float16, so it takes no part in a race: whoever wants it says so. */
#include "common/ops/conv2d_gpu.h"

typedef struct tile {
    uint32_t row_subgroups, column_subgroups, row_matrices, column_matrices, depth;
} tile;

enum { SIDE = 16 };

/* Rows x channels of a result. 32x64 and 64x32 a subgroup: each matrix that is read is used two or
 * four times. */
static const tile tile_128x128 = {2, 4, 4, 2, 32};
static const tile tile_128x64 = {2, 2, 4, 2, 32};
static const tile tile_64x64 = {2, 2, 2, 2, 32};
static const tile tile_128x32 = {4, 1, 2, 2, 32};
static const tile tile_128x16 = {4, 1, 2, 1, 32};

/* Fewer than 9 channels would leave half of a matrix idle. */
static const rt_conv2d_tile_class classes[] = {
    {2, {NULL}, {NULL}, {NULL}},
    {4, {&tile_128x16}, {&tile_128x16}, {&tile_128x16}},
    {8, {&tile_128x32}, {&tile_128x32}, {&tile_128x32}},
    {16, {&tile_128x64, &tile_64x64}, {&tile_64x64, &tile_128x64}, {&tile_64x64, &tile_128x64}},
    {UINT32_MAX,
     {&tile_128x128, &tile_128x64, &tile_64x64},
     {&tile_64x64, &tile_128x64, &tile_128x128},
     {&tile_128x128, &tile_64x64, &tile_128x64}},
};

/* Gradients grow by this before they are rounded; a mean over a batch is some 1e-3 and less at its
 * root, and float16 ends at 6e-8. */
static const double gradient_scale = 4096;

static uint32_t tile_rows(const tile *t) { return t->row_subgroups * t->row_matrices * SIDE; }
static uint32_t tile_vectors(const tile *t)
{
    return t->column_subgroups * t->column_matrices * SIDE / 4;
}
static uint32_t subgroups(const tile *t) { return t->row_subgroups * t->column_subgroups; }

static bool fits(const rt_device_info *device, const void *tile_)
{
    const tile *t = tile_;
    /* Eights of float16; a turned tile, [depth][row], takes less. */
    const uint32_t left = tile_rows(t) * (t->depth / 8 + 1);
    const uint32_t right = t->depth * (tile_vectors(t) / 2 + 1);
    return device->cooperative_matrix &&
           device->maximum_workgroup_invocations >= subgroups(t) * device->subgroup_size &&
           device->shared_memory_bytes >= 2 * 16 * (left + right);
}

static const rt_conv2d_tiles all_tiles = {.classes = classes, .fits = fits};

static uint32_t candidates(const rt_device_info *device, const rt_conv2d_shape *shape,
                           rt_conv2d_pass pass)
{
    return rt_conv2d_count_tiles(&all_tiles, device, shape, pass);
}

static rt_status run(rt_program *program, const rt_conv2d_call *call, rt_conv2d_pass pass,
                     const char *shader)
{
    const rt_device_info *device = rt_device_describe(rt_program_device(program));
    const tile *t = rt_conv2d_find_tile(&all_tiles, program, call, pass);
    rt_dispatch dispatch = {.shader = shader};
    rt_conv2d_gpu_bind(&dispatch, call, pass, tile_rows(t), tile_vectors(t));
    rt_conv2d_gpu_constant(&dispatch, "INVOCATIONS", subgroups(t) * device->subgroup_size);
    rt_conv2d_gpu_constant(&dispatch, "COLUMN_SUBGROUPS", t->column_subgroups);
    rt_conv2d_gpu_constant(&dispatch, "ROW_MATRICES", t->row_matrices);
    rt_conv2d_gpu_constant(&dispatch, "COLUMN_MATRICES", t->column_matrices);
    rt_conv2d_gpu_constant(&dispatch, "DEPTH", t->depth);
    if (pass != RT_CONV2D_FORWARD) rt_conv2d_gpu_constant(&dispatch, "SCALE", gradient_scale);
    return rt_conv2d_gpu_record(program, call, pass, &dispatch);
}

static rt_status forward(rt_program *program, const rt_conv2d_call *call)
{
    return run(program, call, RT_CONV2D_FORWARD, "conv2d_forward_cooperative");
}

static rt_status input_gradient(rt_program *program, const rt_conv2d_call *call)
{
    return run(program, call, RT_CONV2D_INPUT_GRADIENT, "conv2d_input_gradient_cooperative");
}

static rt_status weight_gradient(rt_program *program, const rt_conv2d_call *call)
{
    return run(program, call, RT_CONV2D_WEIGHT_GRADIENT, "conv2d_weight_gradient_cooperative");
}

const rt_conv2d_family rt_conv2d_cooperative_family = {
    .name = "cooperative",
    .candidates = candidates,
    .splits = rt_conv2d_gpu_splits,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};
