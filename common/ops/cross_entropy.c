#include "common/ops/cross_entropy.h"

#include "common/ops/elementwise.h"
#include "common/ops/samples.h"

typedef struct attributes {
    float smoothing;
} attributes;

enum { LOGITS, LABELS };

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    RT_TRY(rt_check_rows(node->inputs[LOGITS]));
    RT_TRY(rt_check_one_a_sample(node->inputs[LABELS], node->inputs[LOGITS]->shape.n));
    if (!(a->smoothing >= 0 && a->smoothing < 1))
        return rt_fail(RT_ERROR_INPUT, "label smoothing is %g, must be at least 0 and below 1",
                       (double)a->smoothing);
    return rt_node_output(graph, node, "cross_entropy", (rt_shape){1, 1, 1, 1});
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape logits = node->inputs[LOGITS]->shape;
    const rt_dispatch dispatch = {
        .shader = "cross_entropy_samples",
        .push = {RT_CONSTANT("smoothing", a->smoothing)},
        .bindings = {rt_bind(node->inputs[LOGITS]), rt_bind(node->inputs[LABELS]), node->scratch},
        .label = node->label,
    };
    RT_TRY(rt_dispatch_rows(program, logits, &dispatch));
    return rt_record_mean(program, node, logits.n, logits.n);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_dispatch dispatch = {
        .shader = "cross_entropy_backward",
        .push = {RT_CONSTANT("smoothing", a->smoothing)},
        .bindings = {rt_bind(node->output_gradients[0]), rt_bind(node->inputs[LOGITS]),
                     rt_bind(node->inputs[LABELS]), rt_bind(node->input_gradients[LOGITS])},
        .label = node->label,
    };
    return rt_dispatch_rows(program, node->inputs[LOGITS]->shape, &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    return rt_elementwise_cost(node->inputs[LOGITS]->shape, 5, pass == RT_PASS_FORWARD ? 1 : 2);
}

const rt_operator rt_cross_entropy_operator = {
    .name = "cross_entropy",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(LOGITS) | RT_READS_INPUT(LABELS),
    .no_gradient_inputs = RT_READS_INPUT(LABELS),
    .scratch = rt_samples_scratch,
    .cost = cost,
};

rt_tensor *rt_cross_entropy(rt_graph *graph, rt_tensor *logits, rt_tensor *labels,
                            float label_smoothing)
{
    const attributes a = {.smoothing = label_smoothing};
    return rt_graph_apply(graph, &rt_cross_entropy_operator, (rt_tensor *[]){logits, labels}, 2, &a,
                          sizeof a);
}
