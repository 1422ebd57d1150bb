#include "common/ops/conv2d_grouped.h"

#include "common/ops/conv2d_depthwise.h"

enum { WORKGROUP = 64 };

/* The plain kernels' tile is a single result. */
typedef struct way {
    bool tiled;
    uint32_t rows, columns;
} way;

static bool is_depthwise(const rt_conv2d_shape *s, uint32_t groups)
{
    return groups == s->in_channels && rt_conv2d_depthwise_does(s);
}

bool rt_conv2d_grouped_joins(const rt_conv2d_shape *s, uint32_t groups)
{
    return is_depthwise(s, groups);
}

/* Tiles of 16 pixels at most, for results of that size: their sums and the weights of a kernel row
 * are about what registers hold. */
static way way_of(const rt_conv2d_shape *s, uint32_t groups, uint32_t height, uint32_t width)
{
    enum { LARGEST_KERNEL = 7, LARGEST_STRIDE = 2, LARGEST_DILATION = 2, LARGEST_PADDING = 12 };
    enum { COLUMNS = 8, PIXELS = 16 };
    way w = {.rows = 1, .columns = 1};
    w.tiled = s->in_channels / groups % 4 == 0 && s->out_channels / groups % 4 == 0 &&
              s->kernel_w <= LARGEST_KERNEL && s->stride <= LARGEST_STRIDE &&
              s->dilation <= LARGEST_DILATION && s->left <= LARGEST_PADDING;
    if (!w.tiled) return w;
    w.columns = rt_groups(width, rt_groups(width, COLUMNS));
    w.rows = PIXELS / w.columns;
    if (w.rows > height) w.rows = height;
    return w;
}

static uint64_t tiles_of(uint32_t images, uint32_t height, uint32_t width, const way *w)
{
    return (uint64_t)images * rt_groups(height, w->rows) * rt_groups(width, w->columns);
}

static uint64_t weight_vectors(const rt_conv2d_shape *s, uint32_t groups)
{
    return (uint64_t)s->kernel_h * s->kernel_w * 4 * rt_vec4s(s->in_channels / groups) *
           rt_vec4s(s->out_channels);
}

/* Parts of a weight gradient: for a few thousand invocations, of some lines of pixels each; of the
 * shape alone, because the order of sums decides the bits. */
static uint32_t parts_of(const rt_conv2d_shape *s, uint32_t groups)
{
    enum { INVOCATIONS = 8192, PIXELS_A_PART = 256 };
    if (is_depthwise(s, groups)) return rt_conv2d_depthwise_parts(s);
    const uint32_t wanted = rt_groups(INVOCATIONS, weight_vectors(s, groups) / 4);
    const uint64_t pixels = (uint64_t)s->images * s->out_height * s->out_width;
    const uint32_t possible = rt_groups(pixels, PIXELS_A_PART);
    return wanted < possible ? wanted : possible;
}

uint64_t rt_conv2d_grouped_partial_bytes(const rt_conv2d_shape *s, uint32_t groups)
{
    const uint32_t parts = parts_of(s, groups);
    return parts > 1 ? 16 * parts * weight_vectors(s, groups) : 0;
}

typedef struct kernel {
    const char *tiled, *plain; /* shaders */
    const char *flag;          /* a constant's name; NULL: none */
    bool flag_value;
    uint64_t invocations;
} kernel;

static rt_status run(rt_program *program, const rt_conv2d_call *call, uint32_t groups, const way *w,
                     const kernel *k, rt_dispatch *dispatch)
{
    rt_constant *constants = dispatch->constants + RT_CONV2D_CONSTANTS;
    rt_conv2d_constants(&call->shape, dispatch->constants);
    *constants++ = RT_CONSTANT("GROUPS", groups);
    *constants++ = RT_CONSTANT("DILATION", call->shape.dilation);
    if (k->flag != NULL) *constants++ = RT_CONSTANT(k->flag, k->flag_value);
    if (w->tiled) {
        *constants++ = RT_CONSTANT("WORKGROUP_SIZE", WORKGROUP);
        *constants++ = RT_CONSTANT("TILE_ROWS", w->rows);
        *constants++ = RT_CONSTANT("TILE_COLUMNS", w->columns);
    }
    dispatch->shader = w->tiled ? k->tiled : k->plain;
    dispatch->push[0] = RT_CONSTANT("images", call->shape.images);
    dispatch->groups[0] = rt_groups(k->invocations, WORKGROUP);
    dispatch->label = call->label;
    return rt_program_dispatch(program, dispatch);
}

static rt_status forward(rt_program *program, const rt_conv2d_call *call, uint32_t groups)
{
    const rt_conv2d_shape *s = &call->shape;
    const bool bias = call->bias.buffer != NULL;
    const way w = way_of(s, groups, s->out_height, s->out_width);
    rt_dispatch dispatch = {
        .bindings = {call->x, call->weight, bias ? call->bias : call->weight, call->y}};
    return run(program, call, groups, &w,
               &(kernel){.tiled = "conv2d_forward_grouped",
                         .plain = "conv2d_forward_grouped_plain",
                         .flag = "BIAS",
                         .flag_value = bias,
                         .invocations = tiles_of(s->images, s->out_height, s->out_width, &w) *
                                        rt_vec4s(s->out_channels)},
               &dispatch);
}

static rt_status input_gradient(rt_program *program, const rt_conv2d_call *call, uint32_t groups)
{
    const rt_conv2d_shape *s = &call->shape;
    const bool add = call->addend.buffer != NULL;
    way w = way_of(s, groups, s->height, s->width);
    if (w.tiled) w.columns = rt_groups(w.columns, s->stride) * s->stride;
    rt_dispatch dispatch = {.bindings = {call->y_gradient,
                                         w.tiled ? call->transposed : call->weight,
                                         add ? call->addend : call->y_gradient, call->x_gradient}};
    return run(program, call, groups, &w,
               &(kernel){.tiled = "conv2d_input_gradient_grouped",
                         .plain = "conv2d_input_gradient_grouped_plain",
                         .flag = "ADD",
                         .flag_value = add,
                         .invocations = tiles_of(s->images, s->height, s->width, &w) *
                                        rt_vec4s(s->in_channels)},
               &dispatch);
}

static rt_status weight_gradient(rt_program *program, const rt_conv2d_call *call, uint32_t groups)
{
    const rt_conv2d_shape *s = &call->shape;
    const uint32_t parts = parts_of(s, groups);
    const way w = way_of(s, groups, s->out_height, s->out_width);
    const uint64_t vectors = weight_vectors(s, groups);
    rt_dispatch dispatch = {
        .push = {[1] = RT_CONSTANT("parts", parts)},
        .bindings = {call->x, call->y_gradient, parts > 1 ? call->partial : call->weight_gradient},
    };
    RT_TRY(run(program, call, groups, &w,
               &(kernel){.tiled = "conv2d_weight_gradient_grouped",
                         .plain = "conv2d_weight_gradient_grouped_plain",
                         .invocations =
                             parts * (w.tiled ? vectors / (4 * (uint64_t)s->kernel_w) : vectors)},
               &dispatch));
    return rt_conv2d_reduce(program, call, parts);
}

rt_status rt_conv2d_grouped_record(rt_program *program, rt_conv2d_pass pass,
                                   const rt_conv2d_call *call, uint32_t groups)
{
    if (is_depthwise(&call->shape, groups)) return rt_conv2d_depthwise_record(program, pass, call);
    switch (pass) {
    case RT_CONV2D_FORWARD:
        return forward(program, call, groups);
    case RT_CONV2D_INPUT_GRADIENT:
        return input_gradient(program, call, groups);
    default:
        return weight_gradient(program, call, groups);
    }
}
