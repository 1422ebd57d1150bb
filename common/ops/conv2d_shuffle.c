/* The shuffle family: which tiles a layer gets. Measured on two cores with 512-bit vectors at
 * 8 to 64 channels and images of 7 to 32 pixels (docs/kernels.md); smaller tiles leave the
 * multipliers waiting for loads, larger ones spill registers and compile for seconds. Which of the
 * sizes in between is best differs by a quarter from layer to layer: they are candidates. */
#include "common/ops/conv2d_epilogue.h"
#include "common/ops/conv2d_narrow.h"

typedef struct tile {
    uint32_t group_lanes; ///< lanes side by side on one tile's channels
    uint32_t rows, columns;
} tile;

/* A way to tile results: about so many pixels of a 3x3 layer, in columns of at most so many. */
typedef struct tiling {
    uint32_t pixels, columns;
} tiling;

static const tiling tilings[] = {{48, 16}, {48, 8}, {64, 16}};

/* A way to split a weight gradient's work: see the shader. Chosen so that some 400 vec4
 * multiplications stand in the unrolled body. */
typedef struct blocking {
    uint32_t blocks; ///< vec4 of input channels
    bool all_rows;   ///< of the kernel together, else one
    uint32_t pixels;
} blocking;

static const blocking blockings[] = {{4, false, 8}, {1, true, 8}, {2, false, 16}};

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
    /* One lane would have no partner; texel views must span whole blocks (graph/phase.c). */
    if (!device->subgroup_shuffle || device->subgroup_size < 4 ||
        16 * device->maximum_texel_elements < device->maximum_storage_range_bytes)
        return 0;
    if (!rt_conv2d_is_usual(shape)) return 0;
    if (shape->kernel_h * shape->kernel_w != 9) return 1;
    if (pass == RT_CONV2D_WEIGHT_GRADIENT) return RT_COUNT(blockings);
    const uint32_t results = pass == RT_CONV2D_FORWARD ? shape->out_channels : shape->in_channels;
    return rt_conv2d_is_narrow(device, shape, results) ? 1 : RT_COUNT(tilings);
}

/* The width of a tile, at most `most`, that leaves the least of the last tile of an image's row
 * empty. */
static uint32_t even_columns(uint32_t width, uint32_t most)
{
    return rt_groups(width, rt_groups(width, most));
}

/* Results by groups of lanes over `channels4` vec4, in images `width` wide. The shaders take 4
 * pixels in turn where 4 divides a tile. */
static tile choose_tile(rt_program *program, uint32_t channels4, uint32_t width, tiling t,
                        uint32_t stride)
{
    const uint32_t lanes = rt_device_describe(rt_program_device(program))->subgroup_size;
    const uint32_t columns =
        rt_groups(even_columns(width, smaller(t.columns, t.pixels)), stride) * stride;
    const uint32_t step = columns % 4 == 0 ? 1 : columns % 2 == 0 ? 2 : 4;
    const uint32_t steps = (t.pixels + columns * step / 2) / (columns * step);
    return (tile){.group_lanes = smaller(lanes, power_of_two_at_least(channels4)),
                  .rows = steps > 0 ? steps * step : 1,
                  .columns = columns};
}

/* The candidate's tiling for the kernel's width: as many multiplications in the unrolled body. */
static tiling tiling_of(const rt_conv2d_call *call)
{
    tiling t = tilings[call->candidate];
    if (call->shape.kernel_w > 3) t.pixels = 3 * t.pixels / call->shape.kernel_w;
    return t;
}

static void add_tile(rt_dispatch *dispatch, const rt_conv2d_shape *shape, const tile *t)
{
    rt_conv2d_constants(shape, dispatch->constants);
    dispatch->constants[RT_CONV2D_CONSTANTS] = RT_CONSTANT("GROUP_LANES", t->group_lanes);
    dispatch->constants[RT_CONV2D_CONSTANTS + 1] = RT_CONSTANT("TILE_ROWS", t->rows);
    dispatch->constants[RT_CONV2D_CONSTANTS + 2] = RT_CONSTANT("TILE_COLUMNS", t->columns);
    dispatch->push[0] = RT_CONSTANT("images", shape->images);
}

static uint32_t groups_in_subgroup(rt_program *program, const tile *t)
{
    return rt_device_describe(rt_program_device(program))->subgroup_size / t->group_lanes;
}

static rt_status forward(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const bool bare =
        call->batch_norm == NULL && call->activation == NULL && call->addend.buffer == NULL;
    if (bare &&
        rt_conv2d_is_narrow(rt_device_describe(rt_program_device(program)), s, s->out_channels))
        return rt_conv2d_narrow(program,
                                &(rt_conv2d_narrow_call){.images = s->images,
                                                         .height = s->height,
                                                         .width = s->width,
                                                         .channels = s->in_channels,
                                                         .result_channels = s->out_channels,
                                                         .x = call->x,
                                                         .weight = call->weight,
                                                         .bias = call->bias,
                                                         .y = call->y,
                                                         .label = call->label});
    const uint32_t out4 = rt_vec4s(s->out_channels);
    const tile t = choose_tile(program, out4, s->out_width, tiling_of(call), 1);
    const uint64_t tiles = (uint64_t)rt_groups((uint64_t)s->images * s->out_height, t.rows) *
                           rt_groups(s->out_width, t.columns);
    rt_dispatch dispatch = {
        .shader = "conv2d_forward_shuffle",
        .groups = {rt_groups(out4, t.group_lanes),
                   rt_groups(tiles, groups_in_subgroup(program, &t)), 1},
        .label = call->label,
    };
    add_tile(&dispatch, s, &t);
    rt_conv2d_add_forward_epilogue(&dispatch, RT_CONV2D_CONSTANTS + 3, call);
    return rt_program_dispatch(program, &dispatch);
}

static rt_status input_gradient(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    if (call->gradient_epilogue == NULL && call->addend.buffer == NULL &&
        rt_conv2d_is_narrow(rt_device_describe(rt_program_device(program)), s, s->in_channels))
        return rt_conv2d_narrow(program, &(rt_conv2d_narrow_call){.images = s->images,
                                                                  .height = s->height,
                                                                  .width = s->width,
                                                                  .channels = s->out_channels,
                                                                  .result_channels = s->in_channels,
                                                                  .turned = true,
                                                                  .x = call->y_gradient,
                                                                  .weight = call->transposed,
                                                                  .y = call->x_gradient,
                                                                  .label = call->label});
    const uint32_t in4 = rt_vec4s(s->in_channels);
    const tile t = choose_tile(program, in4, s->width, tiling_of(call), s->stride);
    const uint64_t rows = (uint64_t)s->images * rt_groups(s->height, s->stride);
    const uint64_t tiles = (uint64_t)rt_groups(rows, t.rows) * rt_groups(s->width, t.columns);
    rt_dispatch dispatch = {
        .shader = "conv2d_input_gradient_shuffle",
        .groups = {rt_groups(in4, t.group_lanes),
                   s->stride * rt_groups(tiles, groups_in_subgroup(program, &t)), 1},
        .label = call->label,
    };
    add_tile(&dispatch, s, &t);
    rt_conv2d_add_gradient_epilogue(&dispatch, RT_CONV2D_CONSTANTS + 3, call, call->transposed);
    return rt_program_dispatch(program, &dispatch);
}

/* The candidate's blocking for the layer: fewer or more channels for wide or 1x1 kernels, all rows
 * of a 3x3 kernel where there is but one vec4 of channels. */
static blocking blocking_of(const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const uint32_t in4 = rt_vec4s(s->in_channels);
    blocking b = blockings[call->candidate];
    if (s->kernel_w == 1) b.blocks = 8;
    if (s->kernel_w > 3) b.blocks = s->kernel_w <= 5 ? 2 : 1;
    b.blocks = smaller(b.blocks, in4);
    b.all_rows = b.all_rows || (in4 == 1 && s->kernel_w <= 3);
    return b;
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
    const blocking b = blocking_of(call);
    const uint32_t tap_rows = b.all_rows ? s->kernel_h : 1;
    const tile t = choose_tile(program, out4, s->out_width, (tiling){b.pixels, b.pixels}, 1);
    rt_dispatch dispatch = {
        .shader = "conv2d_weight_gradient_shuffle",
        .bindings = {call->x, call->y_gradient, splits > 1 ? call->partial : call->weight_gradient},
        .groups = {rt_groups(out4, t.group_lanes),
                   rt_groups(s->kernel_h, tap_rows) * rt_groups(in4, b.blocks), splits},
        .label = call->label,
    };
    add_tile(&dispatch, s, &t);
    dispatch.constants[RT_CONV2D_CONSTANTS + 3] = RT_CONSTANT("BLOCKS", b.blocks);
    dispatch.constants[RT_CONV2D_CONSTANTS + 4] = RT_CONSTANT("TAP_ROWS", tap_rows);
    RT_TRY(rt_program_dispatch(program, &dispatch));
    return rt_conv2d_reduce(program, call, splits);
}

const rt_conv2d_family rt_conv2d_shuffle_family = {
    .name = "shuffle",
    .epilogues = true,
    .candidates = candidates,
    .splits = split_pixels,
    .forward = forward,
    .input_gradient = input_gradient,
    .weight_gradient = weight_gradient,
};
