#include "common/ops/leaky_relu.h"

#include "common/ops/elementwise.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_leaky_relu_attributes *a = node->attributes;
    if (!(a->negative_slope >= 0))
        return rt_fail(RT_ERROR_INPUT, "a negative slope of %g is below 0", a->negative_slope);
    return rt_infer_same_shape(graph, node);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_leaky_relu_attributes *a = node->attributes;
    const rt_dispatch dispatch = {
        .shader = "leaky_relu_forward",
        .push = {RT_CONSTANT("negative_slope", a->negative_slope)},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(node->outputs[0]->shape), &dispatch);
}

/* Reads y, not x: for a slope >= 0, y > 0 exactly where x > 0. So x need not outlive the forward
 * pass. */
static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_leaky_relu_attributes *a = node->attributes;
    const rt_dispatch dispatch = {
        .shader = "leaky_relu_backward",
        .push = {RT_CONSTANT("negative_slope", a->negative_slope),
                 RT_CONSTANT("ceiling", RT_NO_CEILING)},
        .bindings = {rt_bind(node->outputs[0]), rt_bind(node->output_gradients[0]),
                     rt_bind(node->input_gradients[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(node->outputs[0]->shape), &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    return rt_elementwise_cost(node->outputs[0]->shape, 1, pass == RT_PASS_FORWARD ? 2 : 3);
}

const rt_operator rt_leaky_relu_operator = {
    .name = "leaky_relu",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_OUTPUT(0),
    .cost = cost,
};

rt_tensor *rt_leaky_relu(rt_graph *graph, rt_tensor *x, float negative_slope)
{
    const rt_leaky_relu_attributes a = {.negative_slope = negative_slope};
    return rt_graph_apply(graph, &rt_leaky_relu_operator, &x, 1, &a, sizeof a);
}
