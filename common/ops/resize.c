/* The host works out, once and in double, which pixels each row and each column of the output is
 * made of; the kernels know neither modes nor coordinates. */

#include "common/ops/resize.h"

#include "common/ops/elementwise.h"
#include "common/ops/upsample_nearest.h"

#include <math.h>

/* Inputs: x, and for rows and columns what each of the output's is made of and what each of x's
 * goes into. The latter are for the backward pass. */
enum {
    X,
    ROWS = RT_RESIZE_ROWS,
    COLUMNS = RT_RESIZE_COLUMNS,
    ROWS_BACK,
    COLUMNS_BACK,
    INPUT_COUNT
};

enum { MOST_PIXELS = 65535 }; /* of a side: a table has a row for each */

/* Pixel `low` with weight 1 - share, `high` with weight share; low <= high. */
typedef struct tap {
    uint32_t low, high;
    float share;
} tap;

static double place(const rt_resize_options *o, uint32_t from, uint32_t to, uint32_t pixel)
{
    switch (o->coordinates) {
    case RT_RESIZE_ALIGN_CORNERS:
        return to > 1 ? (double)pixel * (from - 1) / (to - 1) : 0;
    case RT_RESIZE_ASYMMETRIC:
        return (double)pixel * from / to;
    case RT_RESIZE_HALF_PIXEL:
        break;
    }
    return (pixel + 0.5) * from / to - 0.5;
}

static double rounded(rt_resize_rounding rounding, double s)
{
    switch (rounding) {
    case RT_RESIZE_ROUND_HALF_DOWN:
        return ceil(s - 0.5);
    case RT_RESIZE_ROUND_HALF_UP:
        return floor(s + 0.5);
    case RT_RESIZE_CEILING:
        return ceil(s);
    case RT_RESIZE_FLOOR:
        break;
    }
    return floor(s);
}

static tap tap_of(const rt_resize_options *o, uint32_t from, uint32_t to, uint32_t pixel)
{
    const double last = from - 1;
    double s = place(o, from, to, pixel);
    if (o->mode == RT_RESIZE_NEAREST) s = rounded(o->rounding, s);
    s = fmin(fmax(s, 0), last);
    const uint32_t low = (uint32_t)s;
    return (tap){low, s > low ? low + 1 : low, (float)(s - low)};
}

/* Rows {to,1,1,3}: low, high, share. */
static rt_tensor *taps(rt_graph *graph, const rt_resize_options *o, uint32_t from, uint32_t to)
{
    float *values;
    const rt_status status = RT_ALLOC(values, 3 * (size_t)to);
    if (status != RT_OK) return rt_graph_fail(graph, status);
    for (uint32_t i = 0; i < to; i++) {
        const tap t = tap_of(o, from, to, i);
        float *row = values + 3 * (size_t)i;
        row[0] = (float)t.low;
        row[1] = (float)t.high;
        row[2] = t.share;
    }
    rt_tensor *tensor = rt_graph_constant(graph, "taps", (rt_shape){to, 1, 1, 3}, values);
    rt_free(values);
    return tensor;
}

/* Rows {from,1,1,2}: the first pixel of the output that this one is part of, and the one behind the
 * last. They are neighbours, because places only grow. */
static rt_tensor *users(rt_graph *graph, const rt_resize_options *o, uint32_t from, uint32_t to)
{
    float *values;
    const rt_status status = RT_ALLOC(values, 2 * (size_t)from);
    if (status != RT_OK) return rt_graph_fail(graph, status);
    for (uint32_t i = to; i-- > 0;) {
        const tap t = tap_of(o, from, to, i);
        for (uint32_t pixel = t.low; pixel <= t.high; pixel++) {
            float *own = values + 2 * (size_t)pixel;
            own[0] = (float)i;
            if (own[1] == 0) own[1] = (float)(i + 1);
        }
    }
    rt_tensor *tensor = rt_graph_constant(graph, "users", (rt_shape){from, 1, 1, 2}, values);
    rt_free(values);
    return tensor;
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_resize_options *o = node->attributes;
    const rt_shape x = node->inputs[X]->shape;
    return rt_node_output(graph, node, "resized", (rt_shape){x.n, o->height, o->width, x.c});
}

static rt_status run(rt_program *program, const rt_node *node, rt_dispatch *dispatch,
                     const rt_tensor *to)
{
    const rt_shape x = node->inputs[X]->shape, y = node->outputs[0]->shape;
    const rt_constant shape[] = {RT_CONSTANT("C4", rt_vec4s(x.c)), RT_CONSTANT("H", x.h),
                                 RT_CONSTANT("W", x.w), RT_CONSTANT("OUTPUT_H", y.h),
                                 RT_CONSTANT("OUTPUT_W", y.w)};
    for (uint32_t i = 0; i < RT_COUNT(shape); i++) dispatch->constants[i] = shape[i];
    dispatch->label = node->label;
    return rt_dispatch_items(program, rt_shape_vec4_count(to->shape), dispatch);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    rt_dispatch dispatch = {.shader = "resize_forward",
                            .bindings = {rt_bind(node->inputs[X]), rt_bind(node->inputs[ROWS]),
                                         rt_bind(node->inputs[COLUMNS]),
                                         rt_bind(node->outputs[0])}};
    return run(program, node, &dispatch, node->outputs[0]);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    rt_dispatch dispatch = {
        .shader = "resize_backward",
        .bindings = {rt_bind(node->output_gradients[0]), rt_bind(node->inputs[ROWS]),
                     rt_bind(node->inputs[COLUMNS]), rt_bind(node->inputs[ROWS_BACK]),
                     rt_bind(node->inputs[COLUMNS_BACK]), rt_bind(node->input_gradients[X])}};
    return run(program, node, &dispatch, node->input_gradients[X]);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    rt_cost total = rt_elementwise_cost(node->outputs[0]->shape, 8, 1);
    total.bytes += (double)rt_shape_bytes(node->inputs[X]->shape);
    return total;
}

const rt_operator rt_resize_operator = {
    .name = "resize",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(ROWS) | RT_READS_INPUT(COLUMNS) | RT_READS_INPUT(ROWS_BACK) |
                      RT_READS_INPUT(COLUMNS_BACK),
    .no_gradient_inputs = RT_READS_INPUT(ROWS) | RT_READS_INPUT(COLUMNS) |
                          RT_READS_INPUT(ROWS_BACK) | RT_READS_INPUT(COLUMNS_BACK),
    .cost = cost,
};

/* Whether output pixel i is pixel i / factor of x, nothing else. */
static bool repeats(const rt_resize_options *o, uint32_t from, uint32_t to, uint32_t factor)
{
    if (to != (uint64_t)from * factor) return false;
    for (uint32_t i = 0; i < to; i++) {
        const tap t = tap_of(o, from, to, i);
        if (t.low != i / factor || t.share != 0) return false;
    }
    return true;
}

rt_tensor *rt_resize(rt_graph *graph, rt_tensor *x, const rt_resize_options *options)
{
    if (rt_graph_status(graph) != RT_OK) return NULL;
    const rt_resize_options *o = options;
    const rt_shape s = x->shape;
    if (o->height == 0 || o->width == 0 || o->height > MOST_PIXELS || o->width > MOST_PIXELS)
        return rt_graph_fail(graph, rt_fail(RT_ERROR_INPUT, "no image of %ux%u pixels can be made",
                                            o->height, o->width));
    const uint32_t factor = o->height / s.h;
    if (repeats(o, s.h, o->height, factor) && repeats(o, s.w, o->width, factor))
        return factor == 1 ? x : rt_upsample_nearest(graph, x, factor);
    rt_tensor *inputs[INPUT_COUNT] = {
        x, taps(graph, o, s.h, o->height), taps(graph, o, s.w, o->width),
        users(graph, o, s.h, o->height), users(graph, o, s.w, o->width)};
    return rt_graph_apply(graph, &rt_resize_operator, inputs, INPUT_COUNT, o, sizeof *o);
}
