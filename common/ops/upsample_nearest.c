#include "common/ops/upsample_nearest.h"

#include "common/ops/elementwise.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_upsample_nearest_attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    if (a->factor == 0) return rt_fail(RT_ERROR_INPUT, "no up-sampling by a factor of 0");
    if (a->factor > INT32_MAX / x.h || a->factor > INT32_MAX / x.w)
        return rt_fail(RT_ERROR_INPUT, "no up-sampling of %ux%u pixels by a factor of %u", x.h, x.w,
                       a->factor);
    return rt_node_output(graph, node, "upsampled",
                          (rt_shape){x.n, a->factor * x.h, a->factor * x.w, x.c});
}

static rt_status run(rt_program *program, const rt_node *node, const char *shader,
                     const rt_tensor *from, const rt_tensor *to)
{
    const rt_upsample_nearest_attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    const rt_dispatch dispatch = {
        .shader = shader,
        .constants = {RT_CONSTANT("C4", rt_vec4s(x.c)), RT_CONSTANT("W", x.w),
                      RT_CONSTANT("FACTOR", a->factor)},
        .bindings = {rt_bind(from), rt_bind(to)},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(to->shape), &dispatch);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    return run(program, node, "upsample_nearest_forward", node->inputs[0], node->outputs[0]);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    return run(program, node, "upsample_nearest_backward", node->output_gradients[0],
               node->input_gradients[0]);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    rt_cost total =
        rt_elementwise_cost(node->outputs[0]->shape, pass == RT_PASS_FORWARD ? 0 : 1, 1);
    total.bytes += (double)rt_shape_bytes(node->inputs[0]->shape);
    return total;
}

const rt_operator rt_upsample_nearest_operator = {
    .name = "upsample_nearest",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .cost = cost,
};

rt_tensor *rt_upsample_nearest(rt_graph *graph, rt_tensor *x, uint32_t factor)
{
    const rt_upsample_nearest_attributes a = {.factor = factor};
    return rt_graph_apply(graph, &rt_upsample_nearest_operator, &x, 1, &a, sizeof a);
}
