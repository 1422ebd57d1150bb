#include "common/ops/equal.h"

#include "common/ops/samples.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape shape = {node->inputs[0]->shape.n, 1, 1, 1};
    RT_TRY(rt_check_one_a_sample(node->inputs[0], shape.n));
    RT_TRY(rt_check_one_a_sample(node->inputs[1], shape.n));
    return rt_node_output(graph, node, "equal", shape);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_dispatch dispatch = {
        .shader = "equal_forward",
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->inputs[1]), rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_dispatch_samples(program, node->outputs[0]->shape.n, &dispatch);
}

const rt_operator rt_equal_operator = {
    .name = "equal",
    .infer_shape = infer_shape,
    .forward = forward,
};

rt_tensor *rt_equal(rt_graph *graph, rt_tensor *a, rt_tensor *b)
{
    return rt_graph_apply(graph, &rt_equal_operator, (rt_tensor *[]){a, b}, 2, NULL, 0);
}
