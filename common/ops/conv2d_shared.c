/* The shared family: which tiles a pass of a layer may get (shaders/conv2d_shared.glsl). */
#include "common/ops/conv2d_gpu.h"

/* Of a result: rows x channels. */
typedef struct tile {
    uint32_t invocations, channel_lanes, vectors, quads, depth;
} tile;

/* 16 rows and 8 channels an invocation: fewest reads for each multiplication. Of depth 8, because
 * the unrolled slice of 16 no longer fits a GPU's instruction cache (half as fast on an H200). */
static const tile tile_128x128 = {
    .invocations = 128, .channel_lanes = 16, .vectors = 2, .quads = 4, .depth = 8};
static const tile tile_256x64 = {
    .invocations = 128, .channel_lanes = 8, .vectors = 2, .quads = 4, .depth = 8};
/* 12 rows: a third of the weights of a 3x3 layer of 64 channels. */
static const tile tile_192x64 = {
    .invocations = 128, .channel_lanes = 8, .vectors = 2, .quads = 3, .depth = 8};
/* 8 rows, for more workgroups where a result is small, and for devices with little room. */
static const tile tile_128x128_wide = {
    .invocations = 256, .channel_lanes = 16, .vectors = 2, .quads = 2, .depth = 16};
static const tile tile_128x64 = {
    .invocations = 128, .channel_lanes = 8, .vectors = 2, .quads = 2, .depth = 8};
static const tile tile_64x64 = {
    .invocations = 64, .channel_lanes = 8, .vectors = 2, .quads = 2, .depth = 8};
/* For few channels. */
static const tile tile_256x32 = {
    .invocations = 128, .channel_lanes = 4, .vectors = 2, .quads = 2, .depth = 8};
static const tile tile_128x32 = {
    .invocations = 64, .channel_lanes = 4, .vectors = 2, .quads = 2, .depth = 8};
static const tile tile_256x16 = {
    .invocations = 128, .channel_lanes = 4, .vectors = 1, .quads = 2, .depth = 8};
static const tile tile_128x16 = {
    .invocations = 64, .channel_lanes = 4, .vectors = 1, .quads = 2, .depth = 8};
static const tile tile_128x8 = {
    .invocations = 64, .channel_lanes = 2, .vectors = 1, .quads = 1, .depth = 8};
static const tile tile_256x4 = {
    .invocations = 64, .channel_lanes = 1, .vectors = 1, .quads = 1, .depth = 4};

static const rt_conv2d_tile_class classes[] = {
    {1, {&tile_256x4}, {&tile_256x4}, {&tile_256x4}},
    {2, {&tile_128x8}, {&tile_128x8}, {&tile_128x8}},
    {4, {&tile_256x16, &tile_128x16}, {&tile_128x16, &tile_256x16}, {&tile_128x16, &tile_256x16}},
    {8, {&tile_128x32, &tile_256x32}, {&tile_128x32, &tile_256x32}, {&tile_128x32, &tile_256x32}},
    {16,
     {&tile_256x64, &tile_128x64, &tile_64x64},
     {&tile_64x64, &tile_128x64, &tile_256x64},
     {&tile_192x64, &tile_128x64, &tile_64x64}},
    {UINT32_MAX,
     {&tile_128x128, &tile_128x128_wide, &tile_128x64, &tile_64x64},
     {&tile_64x64, &tile_128x64, &tile_128x128, &tile_128x128_wide},
     {&tile_128x128, &tile_192x64, &tile_128x64, &tile_64x64}},
};

static uint32_t tile_quads(const tile *t) { return t->invocations / t->channel_lanes * t->quads; }
static uint32_t tile_rows(const tile *t) { return 4 * tile_quads(t); }
static uint32_t tile_vectors(const tile *t) { return t->channel_lanes * t->vectors; }

static bool fits(const rt_device_info *device, const void *tile_)
{
    const tile *t = tile_;
    const uint32_t vectors = 2 * t->depth * (tile_quads(t) + 1 + tile_vectors(t));
    return device->maximum_workgroup_invocations >= t->invocations &&
           device->shared_memory_bytes >= 16 * vectors;
}

static const rt_conv2d_tiles all_tiles = {.classes = classes, .fits = fits};

static uint32_t candidates(const rt_device_info *device, const rt_conv2d_shape *shape,
                           rt_conv2d_pass pass)
{
    return rt_conv2d_count_tiles(&all_tiles, device, shape, pass);
}

/* A GPU's compiler hides the way from shared memory if it sees a whole slice; a CPU's would take
 * seconds for it and gain nothing. */
static uint32_t unrolled(const rt_device_info *device, const tile *t)
{
    return rt_device_is_cpu(device) ? 1 : t->depth;
}

static rt_status run(rt_program *program, const rt_conv2d_call *call, rt_conv2d_pass pass,
                     const char *shader)
{
    const rt_device_info *device = rt_device_describe(rt_program_device(program));
    const tile *t = rt_conv2d_find_tile(&all_tiles, program, call, pass);
    rt_dispatch dispatch = {.shader = shader};
    rt_conv2d_gpu_bind(&dispatch, call, pass, tile_rows(t), tile_vectors(t));
    rt_conv2d_gpu_constant(&dispatch, "INVOCATIONS", t->invocations);
    rt_conv2d_gpu_constant(&dispatch, "CHANNEL_LANES", t->channel_lanes);
    rt_conv2d_gpu_constant(&dispatch, "VECTORS", t->vectors);
    rt_conv2d_gpu_constant(&dispatch, "QUADS", t->quads);
    rt_conv2d_gpu_constant(&dispatch, "DEPTH", t->depth);
    rt_conv2d_gpu_constant(&dispatch, "UNROLLED", unrolled(device, t));
    return rt_conv2d_gpu_record(program, call, pass, &dispatch);
}

static rt_status forward(rt_program *program, const rt_conv2d_call *call)
{
    return run(program, call, RT_CONV2D_FORWARD, "conv2d_forward_shared");
}

static rt_status input_gradient(rt_program *program, const rt_conv2d_call *call)
{
    return run(program, call, RT_CONV2D_INPUT_GRADIENT, "conv2d_input_gradient_shared");
}

static rt_status weight_gradient(rt_program *program, const rt_conv2d_call *call)
{
    return run(program, call, RT_CONV2D_WEIGHT_GRADIENT, "conv2d_weight_gradient_shared");
}

const rt_conv2d_family rt_conv2d_shared_family = {
    .name = "shared",
    .candidates = candidates,
    .splits = rt_conv2d_gpu_splits,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};
