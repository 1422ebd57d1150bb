#include "common/ops/pool.h"

#include "common/ops/elementwise.h"
#include "common/ops/global_average_pool.h"

/* One of the two sides of an image and of its windows. In 64 bits: a sum cannot overflow. */
typedef struct side {
    uint64_t size, kernel, stride;
    uint64_t before, after; /* padding */
} side;

static side rows(rt_shape x, const rt_pool_options *o)
{
    return (side){x.h, o->kernel, o->stride, (uint64_t)o->padding + o->more.top,
                  (uint64_t)o->padding + o->more.bottom};
}

static side columns(rt_shape x, const rt_pool_options *o)
{
    return (side){x.w, o->kernel_w, o->stride_w, (uint64_t)o->padding + o->more.left,
                  (uint64_t)o->padding + o->more.right};
}

static uint64_t windows(const side *s)
{
    return (s->size + s->before + s->after - s->kernel) / s->stride + 1;
}

static rt_status check(const side *s, const rt_pool_options *o)
{
    if (s->kernel == 0 || s->stride == 0 || o->padding > s->kernel / 2)
        return rt_fail(RT_ERROR_INPUT,
                       "no pooling with kernel %llu, stride %llu and padding %u; the padding is at "
                       "most half the kernel",
                       (unsigned long long)s->kernel, (unsigned long long)s->stride, o->padding);
    if (s->kernel > s->size + s->before + s->after)
        return rt_fail(RT_ERROR_INPUT,
                       "a window of %llu pixels is larger than the image of %llu and its padding",
                       (unsigned long long)s->kernel, (unsigned long long)s->size);
    /* The first window reaches the image, the last one begins in it. */
    if (s->before >= s->kernel || (windows(s) - 1) * s->stride >= s->size + s->before)
        return rt_fail(RT_ERROR_INPUT,
                       "some window of %llu pixels, every %llu, has nothing of an image of %llu "
                       "with a padding of %llu before and %llu after it",
                       (unsigned long long)s->kernel, (unsigned long long)s->stride,
                       (unsigned long long)s->size, (unsigned long long)s->before,
                       (unsigned long long)s->after);
    return RT_OK;
}

static rt_status infer_output(rt_graph *graph, rt_node *node, const char *name)
{
    const rt_pool_options *o = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    const side h = rows(x, o), w = columns(x, o);
    RT_TRY(check(&h, o));
    RT_TRY(check(&w, o));
    return rt_node_output(graph, node, name,
                          (rt_shape){x.n, (uint32_t)windows(&h), (uint32_t)windows(&w), x.c});
}

/* The second output, for a backward pass: which pixel of its window has the maximum. With it
 * neither x nor y has to live on. */
enum { TAPS = 1 };

static rt_status infer_maximum(rt_graph *graph, rt_node *node)
{
    RT_TRY(infer_output(graph, node, "max_pool"));
    if (!node->inputs[0]->requires_gradient) return RT_OK;
    return infer_output(graph, node, "max_pool_taps");
}

static rt_status infer_average(rt_graph *graph, rt_node *node)
{
    return infer_output(graph, node, "average_pool");
}

static bool has_more(const rt_pool_options *o)
{
    return o->more.top > 0 || o->more.left > 0 || o->more.bottom > 0 || o->more.right > 0;
}

/* A shader with the constants that all have. */
static rt_dispatch describe(const rt_node *node, const char *shader)
{
    const rt_pool_options *o = node->attributes;
    const rt_shape x = node->inputs[0]->shape, y = node->outputs[0]->shape;
    const side h = rows(x, o), w = columns(x, o);
    return (rt_dispatch){
        .shader = shader,
        .constants = {RT_CONSTANT("C4", rt_vec4s(x.c)), RT_CONSTANT("H", x.h),
                      RT_CONSTANT("W", x.w), RT_CONSTANT("OUTPUT_H", y.h),
                      RT_CONSTANT("OUTPUT_W", y.w), RT_CONSTANT("KERNEL_H", h.kernel),
                      RT_CONSTANT("KERNEL_W", w.kernel), RT_CONSTANT("STRIDE_H", h.stride),
                      RT_CONSTANT("STRIDE_W", w.stride), RT_CONSTANT("TOP", h.before),
                      RT_CONSTANT("LEFT", w.before)},
        .label = node->label,
    };
}

static void add_constant(rt_dispatch *dispatch, rt_constant constant)
{
    rt_constant *constants = dispatch->constants;
    while (constants->name != NULL) constants++;
    *constants = constant;
}

/* Runs it over every vec4 of `items`. */
static rt_status run(rt_program *program, rt_dispatch *dispatch, const rt_tensor *items,
                     const rt_tensor *const bindings[3])
{
    for (uint32_t i = 0; i < 3 && bindings[i] != NULL; i++)
        dispatch->bindings[i] = rt_bind(bindings[i]);
    return rt_dispatch_items(program, rt_shape_vec4_count(items->shape), dispatch);
}

static rt_status max_forward(rt_program *program, const rt_node *node)
{
    const bool keep = node->output_count > TAPS;
    rt_dispatch dispatch = describe(node, "max_pool_forward");
    add_constant(&dispatch, RT_CONSTANT("KEEP_TAPS", keep));
    add_constant(&dispatch, RT_CONSTANT("CHANNELS", keep ? node->outputs[0]->shape.c : 4));
    return run(
        program, &dispatch, node->outputs[0],
        (const rt_tensor *[3]){node->inputs[0], node->outputs[0], node->outputs[keep ? TAPS : 0]});
}

static rt_status max_backward(rt_program *program, const rt_node *node)
{
    rt_dispatch dispatch = describe(node, "max_pool_backward");
    return run(program, &dispatch, node->inputs[0],
               (const rt_tensor *[3]){node->outputs[TAPS], node->output_gradients[0],
                                      node->input_gradients[0]});
}

/* Which pixels count: those of the image and `BORDER` around it. Where no window has others all
 * sums are over one number of pixels. */
static rt_dispatch describe_average(const rt_node *node, const char *shader)
{
    const rt_pool_options *o = node->attributes;
    const bool all_count = !has_more(o) && (!o->skip_padding || o->padding == 0);
    rt_dispatch dispatch = describe(node, shader);
    add_constant(&dispatch, RT_CONSTANT("BORDER", o->skip_padding ? 0 : o->padding));
    add_constant(&dispatch, RT_CONSTANT("ALL_COUNT", all_count));
    return dispatch;
}

static rt_status average_forward(rt_program *program, const rt_node *node)
{
    rt_dispatch dispatch = describe_average(node, "average_pool_forward");
    return run(program, &dispatch, node->outputs[0],
               (const rt_tensor *[3]){node->inputs[0], node->outputs[0]});
}

static rt_status average_backward(rt_program *program, const rt_node *node)
{
    rt_dispatch dispatch = describe_average(node, "average_pool_backward");
    return run(program, &dispatch, node->inputs[0],
               (const rt_tensor *[3]){node->output_gradients[0], node->input_gradients[0]});
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const rt_pool_options *o = node->attributes;
    const rt_shape x = node->inputs[0]->shape, y = node->outputs[0]->shape;
    (void)pass;
    rt_cost total = rt_elementwise_cost(y, (double)o->kernel * o->kernel_w, 1);
    total.bytes += (double)rt_shape_bytes(x);
    return total;
}

const rt_operator rt_max_pool_operator = {
    .name = "max_pool",
    .infer_shape = infer_maximum,
    .forward = max_forward,
    .backward = max_backward,
    .backward_reads = RT_READS_OUTPUT(TAPS),
    .cost = cost,
};

const rt_operator rt_average_pool_operator = {
    .name = "average_pool",
    .infer_shape = infer_average,
    .forward = average_forward,
    .backward = average_backward,
    .cost = cost,
};

static rt_pool_options filled_in(const rt_pool_options *options)
{
    rt_pool_options o = *options;
    if (o.kernel_w == 0) o.kernel_w = o.kernel;
    if (o.stride_w == 0) o.stride_w = o.stride;
    return o;
}

rt_tensor *rt_max_pool(rt_graph *graph, rt_tensor *x, const rt_pool_options *options)
{
    const rt_pool_options o = filled_in(options);
    return rt_graph_apply(graph, &rt_max_pool_operator, &x, 1, &o, sizeof o);
}

rt_tensor *rt_average_pool(rt_graph *graph, rt_tensor *x, const rt_pool_options *options)
{
    const rt_pool_options o = filled_in(options);
    if (x != NULL && o.kernel == x->shape.h && o.kernel_w == x->shape.w && o.padding == 0 &&
        o.stride > 0 && o.stride_w > 0 && !has_more(&o))
        return rt_global_average_pool(graph, x);
    return rt_graph_apply(graph, &rt_average_pool_operator, &x, 1, &o, sizeof o);
}
