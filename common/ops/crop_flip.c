/* Two operators: one draws a row of numbers an image, the other gathers. So the gathering kernels
 * do not care where the draws come from, and the backward pass has those of the forward pass. */

#include "common/ops/crop_flip.h"

#include "common/ops/elementwise.h"

/* `views` is at least 1 here. */
typedef struct attributes {
    rt_crop_flip_options options;
    uint32_t images; ///< N
} attributes;

static rt_status infer_draws(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    return rt_node_output(graph, node, "crop_flip_draws",
                          (rt_shape){a->images * a->options.views, 1, 1, 3});
}

static rt_status draw(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_crop_flip_options *o = &a->options;
    const rt_dispatch dispatch = {
        .shader = "crop_flip_draws",
        .push = {RT_CONSTANT("seed_low", (uint32_t)o->seed),
                 RT_CONSTANT("seed_high", (uint32_t)(o->seed >> 32)),
                 RT_CONSTANT("stream", o->stream), RT_CONSTANT("offsets", 2 * o->padding + 1),
                 RT_CONSTANT("flips", o->flip ? 2 : 1)},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, node->outputs[0]->shape.n, &dispatch);
}

const rt_operator rt_crop_flip_draws_operator = {
    .name = "crop_flip_draws",
    .infer_shape = infer_draws,
    .forward = draw,
    .no_gradient_inputs = RT_READS_INPUT(0),
};

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape, draws = node->inputs[1]->shape;
    const uint32_t rows = x.n * a->options.views;
    if (!rt_shape_equal(draws, (rt_shape){rows, 1, 1, 3}))
        return rt_fail(RT_ERROR_INPUT, "draws of shape %ux%ux%ux%u, %ux1x1x3 are needed", draws.n,
                       draws.h, draws.w, draws.c, rows);
    return rt_node_output(graph, node, "cropped", (rt_shape){rows, x.h, x.w, x.c});
}

static rt_status run(rt_program *program, const rt_node *node, const char *shader,
                     const rt_tensor *from, const rt_tensor *to)
{
    const attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    rt_dispatch dispatch = {
        .shader = shader,
        .constants = {RT_CONSTANT("C4", rt_vec4s(x.c)), RT_CONSTANT("H", x.h),
                      RT_CONSTANT("W", x.w), RT_CONSTANT("IMAGES", x.n),
                      RT_CONSTANT("PADDING", a->options.padding)},
        .bindings = {rt_bind(node->inputs[1]), rt_bind(from), rt_bind(to)},
        .label = node->label,
    };
    if (to == node->input_gradients[0]) dispatch.push[0] = RT_CONSTANT("views", a->options.views);
    return rt_dispatch_items(program, rt_shape_vec4_count(to->shape), &dispatch);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    return run(program, node, "crop_flip_forward", node->inputs[0], node->outputs[0]);
}

/* A gather too: for each view, at most one of its pixels came from a given pixel of x. */
static rt_status backward(rt_program *program, const rt_node *node)
{
    return run(program, node, "crop_flip_backward", node->output_gradients[0],
               node->input_gradients[0]);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    return rt_elementwise_cost(node->outputs[0]->shape, 0, 2);
}

const rt_operator rt_crop_flip_operator = {
    .name = "crop_flip",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(1),
    .no_gradient_inputs = RT_READS_INPUT(1),
    .cost = cost,
};

rt_tensor *rt_crop_flip(rt_graph *graph, rt_tensor *x, rt_tensor *draws,
                        const rt_crop_flip_options *options)
{
    if (x == NULL) return NULL;
    attributes a = {.options = *options, .images = x->shape.n};
    if (a.options.views == 0) a.options.views = 1;
    if (draws == NULL) {
        rt_tensor *counters = rt_graph_counters(graph);
        draws = rt_graph_apply(graph, &rt_crop_flip_draws_operator, &counters, 1, &a, sizeof a);
    }
    return rt_graph_apply(graph, &rt_crop_flip_operator, (rt_tensor *[]){x, draws}, 2, &a,
                          sizeof a);
}
