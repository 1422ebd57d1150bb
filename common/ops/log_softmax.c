#include "common/ops/log_softmax.h"

#include "common/ops/elementwise.h"
#include "common/ops/samples.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    RT_TRY(rt_check_rows(node->inputs[0]));
    return rt_node_output(graph, node, "log_softmax", node->inputs[0]->shape);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_dispatch dispatch = {
        .shader = "log_softmax_forward",
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_dispatch_rows(program, node->inputs[0]->shape, &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_dispatch dispatch = {
        .shader = "log_softmax_backward",
        .bindings = {rt_bind(node->outputs[0]), rt_bind(node->output_gradients[0]),
                     rt_bind(node->input_gradients[0])},
        .label = node->label,
    };
    return rt_dispatch_rows(program, node->outputs[0]->shape, &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    return rt_elementwise_cost(node->outputs[0]->shape, 4, pass == RT_PASS_FORWARD ? 2 : 3);
}

const rt_operator rt_log_softmax_operator = {
    .name = "log_softmax",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_OUTPUT(0),
    .cost = cost,
};

rt_tensor *rt_log_softmax(rt_graph *graph, rt_tensor *logits)
{
    return rt_graph_apply(graph, &rt_log_softmax_operator, &logits, 1, NULL, 0);
}
