#include "common/ops/pool.h"

#include "common/ops/elementwise.h"

static uint32_t windows(uint32_t size, const rt_pool_options *o)
{
    return (size + 2 * o->padding - o->kernel) / o->stride + 1;
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_pool_options *o = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    if (o->kernel == 0 || o->stride == 0 || o->padding > o->kernel / 2)
        return rt_fail(RT_ERROR_INPUT,
                       "no pooling with kernel %u, stride %u and padding %u; the padding is at "
                       "most half the kernel",
                       o->kernel, o->stride, o->padding);
    if (x.h + 2 * o->padding < o->kernel || x.w + 2 * o->padding < o->kernel)
        return rt_fail(RT_ERROR_INPUT, "a window of %ux%u is larger than the image of %ux%u",
                       o->kernel, o->kernel, x.h, x.w);
    return rt_node_output(graph, node, node->operator_->name,
                          (rt_shape){x.n, windows(x.h, o), windows(x.w, o), x.c});
}

/* Runs a shader, with the constants that all four have, over every vec4 of `items`. */
static rt_status run(rt_program *program, const rt_node *node, const char *shader,
                     const rt_tensor *items, const rt_tensor *const bindings[4])
{
    const rt_pool_options *o = node->attributes;
    const rt_shape x = node->inputs[0]->shape, y = node->outputs[0]->shape;
    rt_dispatch dispatch = {
        .shader = shader,
        .constants = {RT_CONSTANT("C4", rt_vec4s(x.c)), RT_CONSTANT("H", x.h),
                      RT_CONSTANT("W", x.w), RT_CONSTANT("OUTPUT_H", y.h),
                      RT_CONSTANT("OUTPUT_W", y.w), RT_CONSTANT("KERNEL", o->kernel),
                      RT_CONSTANT("STRIDE", o->stride), RT_CONSTANT("PADDING", o->padding)},
        .label = node->label,
    };
    for (uint32_t i = 0; i < 4 && bindings[i] != NULL; i++)
        dispatch.bindings[i] = rt_bind(bindings[i]);
    return rt_dispatch_items(program, rt_shape_vec4_count(items->shape), &dispatch);
}

static rt_status max_forward(rt_program *program, const rt_node *node)
{
    return run(program, node, "max_pool_forward", node->outputs[0],
               (const rt_tensor *[4]){node->inputs[0], node->outputs[0]});
}

static rt_status max_backward(rt_program *program, const rt_node *node)
{
    return run(program, node, "max_pool_backward", node->inputs[0],
               (const rt_tensor *[4]){node->inputs[0], node->outputs[0], node->output_gradients[0],
                                      node->input_gradients[0]});
}

static rt_status average_forward(rt_program *program, const rt_node *node)
{
    return run(program, node, "average_pool_forward", node->outputs[0],
               (const rt_tensor *[4]){node->inputs[0], node->outputs[0]});
}

static rt_status average_backward(rt_program *program, const rt_node *node)
{
    return run(program, node, "average_pool_backward", node->inputs[0],
               (const rt_tensor *[4]){node->output_gradients[0], node->input_gradients[0]});
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const rt_pool_options *o = node->attributes;
    const rt_shape x = node->inputs[0]->shape, y = node->outputs[0]->shape;
    (void)pass;
    rt_cost total = rt_elementwise_cost(y, (double)o->kernel * o->kernel, 1);
    total.bytes += (double)rt_shape_bytes(x);
    return total;
}

const rt_operator rt_max_pool_operator = {
    .name = "max_pool",
    .infer_shape = infer_shape,
    .forward = max_forward,
    .backward = max_backward,
    .backward_reads = RT_READS_INPUT(0) | RT_READS_OUTPUT(0),
    .cost = cost,
};

const rt_operator rt_average_pool_operator = {
    .name = "average_pool",
    .infer_shape = infer_shape,
    .forward = average_forward,
    .backward = average_backward,
    .cost = cost,
};

rt_tensor *rt_max_pool(rt_graph *graph, rt_tensor *x, const rt_pool_options *options)
{
    return rt_graph_apply(graph, &rt_max_pool_operator, &x, 1, options, sizeof *options);
}

rt_tensor *rt_average_pool(rt_graph *graph, rt_tensor *x, const rt_pool_options *options)
{
    return rt_graph_apply(graph, &rt_average_pool_operator, &x, 1, options, sizeof *options);
}
