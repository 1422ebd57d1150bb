#include "common/ops/sigmoid.h"

#include "common/ops/elementwise.h"

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_shape shape = node->outputs[0]->shape;
    const rt_dispatch dispatch = {
        .shader = "sigmoid_forward",
        .constants = {RT_CONSTANT("CHANNELS", shape.c)},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(shape), &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_dispatch dispatch = {
        .shader = "sigmoid_backward",
        .bindings = {rt_bind(node->outputs[0]), rt_bind(node->output_gradients[0]),
                     rt_bind(node->input_gradients[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(node->outputs[0]->shape), &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    return rt_elementwise_cost(node->outputs[0]->shape, 3, pass == RT_PASS_FORWARD ? 2 : 3);
}

const rt_operator rt_sigmoid_operator = {
    .name = "sigmoid",
    .infer_shape = rt_infer_same_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_OUTPUT(0),
    .cost = cost,
};

rt_tensor *rt_sigmoid(rt_graph *graph, rt_tensor *x)
{
    return rt_graph_apply(graph, &rt_sigmoid_operator, &x, 1, NULL, 0);
}
