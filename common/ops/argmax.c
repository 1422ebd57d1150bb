#include "common/ops/argmax.h"

#include "common/ops/elementwise.h"
#include "common/ops/samples.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    RT_TRY(rt_check_rows(node->inputs[0]));
    return rt_node_output(graph, node, "argmax", (rt_shape){node->inputs[0]->shape.n, 1, 1, 1});
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_dispatch dispatch = {
        .shader = "argmax_forward",
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_dispatch_rows(program, node->inputs[0]->shape, &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    return rt_elementwise_cost(node->inputs[0]->shape, 1, 1);
}

const rt_operator rt_argmax_operator = {
    .name = "argmax",
    .infer_shape = infer_shape,
    .forward = forward,
    .cost = cost,
};

rt_tensor *rt_argmax(rt_graph *graph, rt_tensor *logits)
{
    return rt_graph_apply(graph, &rt_argmax_operator, &logits, 1, NULL, 0);
}
