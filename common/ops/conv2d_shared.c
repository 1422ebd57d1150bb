/* The shared family: which tiles a pass of a layer may get (shaders/conv2d_shared.glsl). */
#include "common/ops/conv2d_gpu.h"

#include <string.h>

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

enum { MOST_CANDIDATES = 5 };
typedef const tile *candidate_list[MOST_CANDIDATES];

/* For results of more channels than the class before; the best known first. */
static const struct {
    uint32_t vectors; ///< of a row, at most
    candidate_list pixels, few_pixels, weights;
} classes[] = {
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
     {&tile_192x64, &tile_128x128, &tile_128x64, &tile_64x64}},
};

static uint32_t tile_quads(const tile *t) { return t->invocations / t->channel_lanes * t->quads; }
static uint32_t tile_rows(const tile *t) { return 4 * tile_quads(t); }
static uint32_t tile_vectors(const tile *t) { return t->channel_lanes * t->vectors; }

static bool fits(const rt_device_info *device, const tile *t)
{
    const uint32_t vectors = 2 * t->depth * (tile_quads(t) + 1 + tile_vectors(t));
    return device->maximum_workgroup_invocations >= t->invocations &&
           device->shared_memory_bytes >= 16 * vectors;
}

/* Whether an image's result is so small that a batch of some hundred gives large tiles to few
 * cores. The number of images itself must not count (conv2d_family.h). */
static bool has_few_pixels(rt_conv2d_shape shape, rt_conv2d_pass pass)
{
    shape.images = 1;
    const uint64_t pixels = rt_conv2d_result_rows(&shape, pass);
    const uint32_t vectors = rt_conv2d_result_vectors(&shape, pass);
    return pixels * vectors * vectors <= 256 * 16 * 16;
}

static const candidate_list *list_of(const rt_conv2d_shape *shape, rt_conv2d_pass pass)
{
    const uint32_t vectors = rt_conv2d_result_vectors(shape, pass);
    size_t i = 0;
    while (classes[i].vectors < vectors) i++;
    if (pass == RT_CONV2D_WEIGHT_GRADIENT) return &classes[i].weights;
    return has_few_pixels(*shape, pass) ? &classes[i].few_pixels : &classes[i].pixels;
}

/* The tile of candidate number `candidate`, or NULL; counts those that fit in `*count` if it is
 * there. */
static const tile *find_tile(const rt_device_info *device, const rt_conv2d_shape *shape,
                             rt_conv2d_pass pass, uint32_t candidate, uint32_t *count)
{
    const candidate_list *list = list_of(shape, pass);
    const tile *found = NULL;
    uint32_t fitting = 0;
    for (size_t i = 0; i < MOST_CANDIDATES && (*list)[i] != NULL; i++) {
        if (!fits(device, (*list)[i])) continue;
        if (fitting == candidate) found = (*list)[i];
        fitting++;
    }
    if (count != NULL) *count = fitting;
    return found;
}

static uint32_t candidates(const rt_device_info *device, const rt_conv2d_shape *shape,
                           rt_conv2d_pass pass)
{
    uint32_t count;
    find_tile(device, shape, pass, 0, &count);
    return count;
}

/* A GPU's compiler hides the way from shared memory if it sees a whole slice; a CPU's takes seconds
 * for it and gains nothing. */
static uint32_t unrolled(const rt_device_info *device, const tile *t)
{
    return strcmp(device->kind, "cpu") == 0 ? 4 : t->depth;
}

static rt_status run(rt_program *program, const rt_conv2d_call *call, rt_conv2d_pass pass,
                     const char *shader)
{
    const rt_device_info *device = rt_device_describe(rt_program_device(program));
    const tile *t = find_tile(device, &call->shape, pass, call->candidate, NULL);
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
