/* The shuffle family: which tiles a layer gets. Measured on two cores with 512-bit vectors at
 * 16 to 64 channels and images of 8 to 32 pixels (docs/kernels.md); smaller tiles leave the
 * multipliers waiting for loads, larger ones spill registers and compile for seconds. */
#include "common/ops/conv2d_family.h"

typedef struct tile {
    uint32_t group_lanes; ///< lanes side by side on one tile's channels
    uint32_t rows, columns;
} tile;

static uint32_t power_of_two_at_least(uint32_t count)
{
    uint32_t power = 1;
    while (power < count) power *= 2;
    return power;
}

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint32_t candidates(const rt_device_info *device, const rt_conv2d_shape *shape,
                           rt_conv2d_pass pass)
{
    (void)shape;
    (void)pass;
    /* One lane would have no partner; texel views must span whole blocks (graph/phase.c). */
    return device->subgroup_shuffle && device->subgroup_size >= 4 &&
           16 * device->maximum_texel_elements >= device->maximum_storage_range_bytes;
}

/* `pixels` results of an image `width` wide, by groups of lanes over `channels4` vec4. */
static tile choose_tile(rt_program *program, uint32_t channels4, uint32_t width, uint32_t pixels,
                        uint32_t stride)
{
    const uint32_t lanes = rt_device_describe(rt_program_device(program))->subgroup_size;
    tile t = {.group_lanes = smaller(lanes, power_of_two_at_least(channels4))};
    t.columns = smaller(pixels < 16 ? pixels : 16, power_of_two_at_least(width));
    if (t.columns < stride) t.columns = stride;
    t.rows = pixels > t.columns ? pixels / t.columns : 1;
    return t;
}

/* Results a tile: as many as keep the unrolled body at some 400 vec4 multiplications. */
static uint32_t tile_pixels(const rt_conv2d_shape *shape)
{
    return shape->kernel_w <= 3 ? 32 : shape->kernel_w <= 5 ? 16 : 8;
}

static void add_tile(rt_dispatch *dispatch, const rt_conv2d_shape *shape, const tile *t)
{
    rt_conv2d_constants(shape, dispatch->constants);
    dispatch->constants[8] = RT_CONSTANT("GROUP_LANES", t->group_lanes);
    dispatch->constants[9] = RT_CONSTANT("TILE_ROWS", t->rows);
    dispatch->constants[10] = RT_CONSTANT("TILE_COLUMNS", t->columns);
    dispatch->push[0] = RT_CONSTANT("images", shape->images);
}

static uint32_t groups_in_subgroup(rt_program *program, const tile *t)
{
    return rt_device_describe(rt_program_device(program))->subgroup_size / t->group_lanes;
}

static rt_status forward(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const uint32_t out4 = rt_vec4s(s->out_channels);
    const tile t = choose_tile(program, out4, s->out_width, tile_pixels(s), 1);
    const uint64_t tiles = (uint64_t)rt_groups((uint64_t)s->images * s->out_height, t.rows) *
                           rt_groups(s->out_width, t.columns);
    const bool bias = call->bias.buffer != NULL;
    rt_dispatch dispatch = {
        .shader = "conv2d_forward_shuffle",
        .bindings = {call->x, call->weight, bias ? call->bias : call->weight, call->y},
        .groups = {rt_groups(out4, t.group_lanes),
                   rt_groups(tiles, groups_in_subgroup(program, &t)), 1},
        .label = call->label,
    };
    add_tile(&dispatch, s, &t);
    dispatch.constants[11] = RT_CONSTANT("BIAS", bias);
    return rt_program_dispatch(program, &dispatch);
}

static rt_status input_gradient(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const uint32_t in4 = rt_vec4s(s->in_channels);
    const bool add = call->addend.buffer != NULL;
    const tile t = choose_tile(program, in4, s->width, tile_pixels(s), s->stride);
    const uint64_t rows = (uint64_t)s->images * rt_groups(s->height, s->stride);
    const uint64_t tiles = (uint64_t)rt_groups(rows, t.rows) * rt_groups(s->width, t.columns);
    rt_dispatch dispatch = {
        .shader = "conv2d_input_gradient_shuffle",
        .bindings = {call->y_gradient, call->transposed, add ? call->addend : call->y_gradient,
                     call->x_gradient},
        .groups = {rt_groups(in4, t.group_lanes),
                   s->stride * rt_groups(tiles, groups_in_subgroup(program, &t)), 1},
        .label = call->label,
    };
    add_tile(&dispatch, s, &t);
    dispatch.constants[11] = RT_CONSTANT("ADD", add);
    return rt_program_dispatch(program, &dispatch);
}

/* Accumulators of a weight gradient: BLOCKS input vec4 x TAP_ROWS kernel rows, near 48 vec4. */
static void choose_blocks(const rt_conv2d_shape *s, uint32_t *blocks, uint32_t *tap_rows)
{
    const uint32_t in4 = rt_vec4s(s->in_channels);
    const uint32_t wanted = s->kernel_w == 1 ? 8 : s->kernel_w <= 3 ? 4 : s->kernel_w <= 5 ? 2 : 1;
    *blocks = smaller(wanted, in4);
    *tap_rows = in4 == 1 && s->kernel_w <= 3 ? s->kernel_h : 1;
}

/* Enough workgroups for a few cores where the weights alone give too few, but not so many that the
 * sums of the parts, or their memory, count. */
static uint32_t split_pixels(const rt_conv2d_shape *shape)
{
    enum { WORKGROUPS = 16, PIXELS_A_SPLIT = 512 };
    const uint64_t pixels = (uint64_t)shape->images * shape->out_height * shape->out_width;
    const uint32_t pieces =
        rt_groups(shape->out_channels, 64) * rt_groups(shape->in_channels, 16) * shape->kernel_h;
    const uint32_t wanted = rt_groups(WORKGROUPS, pieces);
    const uint32_t possible = rt_groups(pixels, PIXELS_A_SPLIT);
    return wanted < possible ? wanted : possible;
}

static rt_status weight_gradient(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const uint32_t out4 = rt_vec4s(s->out_channels), in4 = rt_vec4s(s->in_channels);
    const uint32_t splits = split_pixels(s);
    const tile t = choose_tile(program, out4, s->out_width, 8, 1);
    uint32_t blocks, tap_rows;
    choose_blocks(s, &blocks, &tap_rows);
    rt_dispatch dispatch = {
        .shader = "conv2d_weight_gradient_shuffle",
        .bindings = {call->x, call->y_gradient, splits > 1 ? call->partial : call->weight_gradient},
        .groups = {rt_groups(out4, t.group_lanes),
                   rt_groups(s->kernel_h, tap_rows) * rt_groups(in4, blocks), splits},
        .label = call->label,
    };
    add_tile(&dispatch, s, &t);
    dispatch.constants[11] = RT_CONSTANT("BLOCKS", blocks);
    dispatch.constants[12] = RT_CONSTANT("TAP_ROWS", tap_rows);
    RT_TRY(rt_program_dispatch(program, &dispatch));
    return rt_conv2d_reduce(program, call, splits);
}

const rt_conv2d_family rt_conv2d_shuffle_family = {
    .name = "shuffle",
    .candidates = candidates,
    .splits = split_pixels,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};
