#include "common/ops/conv2d_depthwise.h"

#include "common/ops/conv2d_epilogue.h"

enum { WORKGROUP = 64 };

/* Sides of a tile, at most: more fetches a result in smaller ones; the sums of larger ones, and of
 * larger kernels, do not fit the registers (docs/kernels.md, section 2). */
enum { TILE_SIDE = 4 };

typedef struct tile {
    uint32_t rows, columns;
} tile;

bool rt_conv2d_depthwise_does(const rt_conv2d_shape *s)
{
    enum { LARGEST_KERNEL = 7, LARGEST_STRIDE = 2, LARGEST_DILATION = 2, LARGEST_PADDING = 12 };
    return s->in_channels == s->out_channels && s->kernel_h <= LARGEST_KERNEL &&
           s->kernel_w <= LARGEST_KERNEL && s->stride <= LARGEST_STRIDE &&
           s->dilation <= LARGEST_DILATION && s->top <= LARGEST_PADDING &&
           s->left <= LARGEST_PADDING;
}

/* The side of a tile that leaves the least of the last one empty. */
static uint32_t even_side(uint32_t size) { return rt_groups(size, rt_groups(size, TILE_SIDE)); }

static tile tile_of(uint32_t height, uint32_t width)
{
    return (tile){.rows = even_side(height), .columns = even_side(width)};
}

uint32_t rt_conv2d_depthwise_parts(const rt_conv2d_shape *s)
{
    enum { INVOCATIONS = 8192, PIXELS_A_PART = 128 };
    const uint32_t wanted = rt_groups(INVOCATIONS, rt_vec4s(s->in_channels));
    const uint32_t possible =
        rt_groups((uint64_t)s->images * s->out_height * s->out_width, PIXELS_A_PART);
    return wanted < possible ? wanted : possible;
}

static rt_status run(rt_program *program, const rt_conv2d_call *call, const tile *t,
                     rt_dispatch *dispatch, uint64_t tiles)
{
    rt_constant *constants = dispatch->constants + RT_CONV2D_CONSTANTS;
    rt_conv2d_constants(&call->shape, dispatch->constants);
    constants[0] = RT_CONSTANT("WORKGROUP_SIZE", WORKGROUP);
    constants[1] = RT_CONSTANT("TILE_ROWS", t->rows);
    constants[2] = RT_CONSTANT("TILE_COLUMNS", t->columns);
    constants[3] = RT_CONSTANT("DILATION", call->shape.dilation);
    dispatch->push[0] = RT_CONSTANT("images", call->shape.images);
    dispatch->groups[0] = rt_groups(tiles * rt_vec4s(call->shape.in_channels), WORKGROUP);
    dispatch->label = call->label;
    return rt_program_dispatch(program, dispatch);
}

static uint64_t tiles_in(uint32_t images, uint32_t height, uint32_t width, const tile *t)
{
    return (uint64_t)images * rt_groups(height, t->rows) * rt_groups(width, t->columns);
}

static rt_status forward(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const tile t = tile_of(s->out_height, s->out_width);
    rt_dispatch dispatch = {.shader = "conv2d_depthwise_forward"};
    rt_conv2d_add_forward_epilogue(&dispatch, RT_CONV2D_CONSTANTS + 4, call);
    return run(program, call, &t, &dispatch, tiles_in(s->images, s->out_height, s->out_width, &t));
}

static rt_status input_gradient(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    tile t = tile_of(s->height, s->width);
    t.rows = rt_groups(t.rows, s->stride) * s->stride;
    t.columns = rt_groups(t.columns, s->stride) * s->stride;
    rt_dispatch dispatch = {.shader = "conv2d_depthwise_input_gradient"};
    rt_conv2d_add_gradient_epilogue(&dispatch, RT_CONV2D_CONSTANTS + 4, call, call->weight);
    return run(program, call, &t, &dispatch, tiles_in(s->images, s->height, s->width, &t));
}

static rt_status weight_gradient(rt_program *program, const rt_conv2d_call *call)
{
    const rt_conv2d_shape *s = &call->shape;
    const uint32_t parts = rt_conv2d_depthwise_parts(s);
    const tile t = tile_of(s->out_height, s->out_width);
    rt_dispatch dispatch = {
        .shader = "conv2d_depthwise_weight_gradient",
        .bindings = {call->x, call->y_gradient, parts > 1 ? call->partial : call->weight_gradient},
    };
    dispatch.push[1] = RT_CONSTANT("parts", parts);
    RT_TRY(run(program, call, &t, &dispatch, parts));
    return rt_conv2d_reduce(program, call, parts);
}

rt_status rt_conv2d_depthwise_record(rt_program *program, rt_conv2d_pass pass,
                                     const rt_conv2d_call *call)
{
    switch (pass) {
    case RT_CONV2D_FORWARD:
        return forward(program, call);
    case RT_CONV2D_INPUT_GRADIENT:
        return input_gradient(program, call);
    default:
        return weight_gradient(program, call);
    }
}
