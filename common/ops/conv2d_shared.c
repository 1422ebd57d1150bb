/* The shared family: which tiles a layer gets. For GPUs, on which they are not measured yet: the
 * sizes follow from the limits that shaders/conv2d_shared.glsl names. */
#include "common/ops/conv2d_family.h"

enum { INVOCATIONS = 64, SHARED_BYTES = 12 << 10 };

/* Of a result with that many vec4 of channels or more: CHANNEL_LANES x VECTORS of them a tile. A
 * row of pixels' slice and one of the weight gradient's take at most 8 KiB. */
typedef struct tile {
    uint32_t channels4;
    uint32_t channel_lanes, vectors;
    uint32_t pixels, depth;      ///< an invocation; vec4 of read channels a slice
    uint32_t rows, weight_depth; ///< of a weight gradient: vec4 an invocation, pixels a slice
} tile;

static const tile tiles[] = {
    {.channels4 = 9,
     .channel_lanes = 8,
     .vectors = 2,
     .pixels = 8,
     .depth = 4,
     .rows = 2,
     .weight_depth = 16},
    {.channels4 = 5,
     .channel_lanes = 4,
     .vectors = 2,
     .pixels = 8,
     .depth = 4,
     .rows = 2,
     .weight_depth = 16},
    {.channels4 = 3,
     .channel_lanes = 2,
     .vectors = 2,
     .pixels = 4,
     .depth = 4,
     .rows = 1,
     .weight_depth = 16},
    {.channels4 = 2,
     .channel_lanes = 1,
     .vectors = 2,
     .pixels = 4,
     .depth = 2,
     .rows = 1,
     .weight_depth = 8},
    {.channels4 = 1,
     .channel_lanes = 1,
     .vectors = 1,
     .pixels = 4,
     .depth = 2,
     .rows = 1,
     .weight_depth = 8},
};

static const tile *choose_tile(uint32_t channels4)
{
    const tile *t = tiles;
    while (channels4 < t->channels4) t++;
    return t;
}

static uint32_t row_lanes(const tile *t) { return INVOCATIONS / t->channel_lanes; }
static uint32_t tile_vectors(const tile *t) { return t->channel_lanes * t->vectors; }

static uint32_t candidates(const rt_device_info *device, const rt_conv2d_shape *shape,
                           rt_conv2d_pass pass)
{
    (void)shape;
    (void)pass;
    return device->maximum_workgroup_invocations >= INVOCATIONS &&
           device->shared_memory_bytes >= SHARED_BYTES;
}

static void add_tile(rt_dispatch *dispatch, const rt_conv2d_call *call, const tile *t,
                     uint32_t rows, uint32_t depth)
{
    rt_conv2d_constants(&call->shape, dispatch->constants);
    dispatch->constants[8] = RT_CONSTANT("CHANNEL_LANES", t->channel_lanes);
    dispatch->constants[9] = RT_CONSTANT("VECTORS", t->vectors);
    dispatch->constants[10] = RT_CONSTANT("ROWS", rows);
    dispatch->constants[11] = RT_CONSTANT("DEPTH", depth);
    dispatch->push[0] = RT_CONSTANT("images", call->shape.images);
    dispatch->label = call->label;
}

static rt_status forward(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const uint32_t out4 = rt_vec4s(s->out_channels);
    const tile *t = choose_tile(out4);
    const uint64_t pixels = (uint64_t)s->images * s->out_height * s->out_width;
    const bool bias = call->bias.buffer != NULL;
    rt_dispatch dispatch = {
        .shader = "conv2d_forward_shared",
        .bindings = {call->x, call->weight, bias ? call->bias : call->weight, call->y},
        .groups = {rt_groups(pixels, row_lanes(t) * t->pixels), rt_groups(out4, tile_vectors(t)),
                   1},
    };
    add_tile(&dispatch, call, t, t->pixels, t->depth);
    dispatch.constants[12] = RT_CONSTANT("BIAS", bias);
    return rt_program_dispatch(program, &dispatch);
}

static rt_status input_gradient(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const uint32_t in4 = rt_vec4s(s->in_channels);
    const tile *t = choose_tile(in4);
    const uint64_t pixels_of_parity =
        (uint64_t)s->images * rt_groups(s->height, s->stride) * rt_groups(s->width, s->stride);
    const bool add = call->addend.buffer != NULL;
    rt_dispatch dispatch = {
        .shader = "conv2d_input_gradient_shared",
        .bindings = {call->y_gradient, call->transposed, add ? call->addend : call->y_gradient,
                     call->x_gradient},
        .groups = {rt_groups(pixels_of_parity, row_lanes(t) * t->pixels),
                   rt_groups(in4, tile_vectors(t)), s->stride * s->stride},
    };
    add_tile(&dispatch, call, t, t->pixels, t->depth);
    dispatch.constants[12] = RT_CONSTANT("ADD", add);
    return rt_program_dispatch(program, &dispatch);
}

/* Tiles of a weight gradient along the rows (tap, 4 input channels). */
static uint32_t row_tiles(const rt_conv2d_shape *s, const tile *t)
{
    return rt_groups(s->kernel_h * s->kernel_w * rt_vec4s(s->in_channels), row_lanes(t) * t->rows);
}

/* Some 256 workgroups, a few for each core of a large GPU. A tile of weights is at most 16 KiB, so
 * all parts together are at most 4 MiB and one copy of the weights. */
static uint32_t splits(const rt_conv2d_shape *s)
{
    enum { WORKGROUPS = 256, PIXELS_A_SPLIT = 256 };
    const uint32_t out4 = rt_vec4s(s->out_channels);
    const tile *t = choose_tile(out4);
    const uint32_t pieces = row_tiles(s, t) * rt_groups(out4, tile_vectors(t));
    const uint64_t pixels = (uint64_t)s->images * s->out_height * s->out_width;
    const uint32_t wanted = rt_groups(WORKGROUPS, pieces);
    const uint32_t possible = rt_groups(pixels, PIXELS_A_SPLIT);
    return wanted < possible ? wanted : possible;
}

static rt_status sum_parts(rt_program *program, const rt_conv2d_call *call, uint32_t parts)
{
    const uint64_t count = call->weight_gradient.size / 16;
    const rt_dispatch dispatch = {
        .shader = "conv2d_sum_parts",
        .push = {RT_CONSTANT("parts", parts), RT_CONSTANT("count", count)},
        .bindings = {call->partial, call->weight_gradient},
        .groups = {rt_groups(count, INVOCATIONS), 1, 1},
        .label = call->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static rt_status weight_gradient(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const uint32_t out4 = rt_vec4s(s->out_channels), parts = splits(s);
    const tile *t = choose_tile(out4);
    rt_dispatch dispatch = {
        .shader = "conv2d_weight_gradient_shared",
        .bindings = {call->x, call->y_gradient, parts > 1 ? call->partial : call->weight_gradient},
        .groups = {row_tiles(s, t), rt_groups(out4, tile_vectors(t)), parts},
    };
    add_tile(&dispatch, call, t, t->rows, t->weight_depth);
    RT_TRY(rt_program_dispatch(program, &dispatch));
    return parts > 1 ? sum_parts(program, call, parts) : RT_OK;
}

const rt_conv2d_family rt_conv2d_shared_family = {
    .name = "shared",
    .candidates = candidates,
    .splits = splits,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};
