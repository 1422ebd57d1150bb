#include "common/ops/soft_cross_entropy.h"

#include "common/ops/elementwise.h"
#include "common/ops/samples.h"

enum { LOGITS, TARGET };

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    RT_TRY(rt_check_rows(node->inputs[LOGITS]));
    RT_TRY(rt_check_same_shape(node->inputs[TARGET], node->inputs[LOGITS]));
    return rt_node_output(graph, node, "soft_cross_entropy", (rt_shape){1, 1, 1, 1});
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_shape logits = node->inputs[LOGITS]->shape;
    const rt_dispatch dispatch = {
        .shader = "soft_cross_entropy_samples",
        .bindings = {rt_bind(node->inputs[LOGITS]), rt_bind(node->inputs[TARGET]), node->scratch},
        .label = node->label,
    };
    RT_TRY(rt_dispatch_rows(program, logits, &dispatch));
    return rt_record_mean(program, node, logits.n, logits.n);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_dispatch dispatch = {
        .shader = "soft_cross_entropy_backward",
        .bindings = {rt_bind(node->output_gradients[0]), rt_bind(node->inputs[LOGITS]),
                     rt_bind(node->inputs[TARGET]), rt_bind(node->input_gradients[LOGITS])},
        .label = node->label,
    };
    return rt_dispatch_rows(program, node->inputs[LOGITS]->shape, &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    return rt_elementwise_cost(node->inputs[LOGITS]->shape, 5, pass == RT_PASS_FORWARD ? 2 : 3);
}

const rt_operator rt_soft_cross_entropy_operator = {
    .name = "soft_cross_entropy",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(LOGITS) | RT_READS_INPUT(TARGET),
    .no_gradient_inputs = RT_READS_INPUT(TARGET),
    .scratch = rt_samples_scratch,
    .cost = cost,
};

rt_tensor *rt_soft_cross_entropy(rt_graph *graph, rt_tensor *logits, rt_tensor *target)
{
    return rt_graph_apply(graph, &rt_soft_cross_entropy_operator, (rt_tensor *[]){logits, target},
                          2, NULL, 0);
}
