#include "common/ops/scale.h"

#include "common/ops/elementwise.h"

/* Both passes are the same multiplication. */
static rt_status multiply(rt_program *program, const rt_node *node, const rt_tensor *from,
                          const rt_tensor *to)
{
    const rt_scale_attributes *a = node->attributes;
    const rt_dispatch dispatch = {
        .shader = "scale",
        .push = {RT_CONSTANT("factor", a->factor)},
        .bindings = {rt_bind(from), rt_bind(to)},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(to->shape), &dispatch);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    return multiply(program, node, node->inputs[0], node->outputs[0]);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    return multiply(program, node, node->output_gradients[0], node->input_gradients[0]);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    return rt_elementwise_cost(node->outputs[0]->shape, 1, 2);
}

const rt_operator rt_scale_operator = {
    .name = "scale",
    .infer_shape = rt_infer_same_shape,
    .forward = forward,
    .backward = backward,
    .cost = cost,
};

rt_tensor *rt_scale(rt_graph *graph, rt_tensor *x, float factor)
{
    const rt_scale_attributes a = {.factor = factor};
    return rt_graph_apply(graph, &rt_scale_operator, &x, 1, &a, sizeof a);
}
