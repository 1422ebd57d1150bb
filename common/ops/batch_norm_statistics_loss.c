#include "common/ops/batch_norm_statistics_loss.h"

#include "common/ops/channels.h"
#include "common/ops/elementwise.h"

enum { X, RUNNING_MEAN, RUNNING_VAR };
enum { LOSS, MEAN, VARIANCE, NORMS };

static rt_status check_vector(const rt_tensor *tensor, uint32_t channels)
{
    if (rt_shape_equal(tensor->shape, (rt_shape){1, 1, 1, channels})) return RT_OK;
    return rt_fail(RT_ERROR_INPUT, "'%s' must be {1,1,1,%u}, not {%u,%u,%u,%u}", tensor->name,
                   channels, tensor->shape.n, tensor->shape.h, tensor->shape.w, tensor->shape.c);
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape vector = {1, 1, 1, node->inputs[X]->shape.c};
    RT_TRY(check_vector(node->inputs[RUNNING_MEAN], vector.c));
    RT_TRY(check_vector(node->inputs[RUNNING_VAR], vector.c));
    RT_TRY(rt_node_output(graph, node, "batch_norm_statistics_loss", (rt_shape){1, 1, 1, 1}));
    RT_TRY(rt_node_output(graph, node, "batch_mean", vector));
    RT_TRY(rt_node_output(graph, node, "batch_variance", vector));
    return rt_node_output(graph, node, "norms", (rt_shape){1, 1, 1, 2});
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_channel_statistics statistics = {
        .x = node->inputs[X],
        .mean = rt_bind(node->outputs[MEAN]),
        .variance = rt_bind(node->outputs[VARIANCE]),
        .scratch = node->scratch,
        .label = node->label,
    };
    const rt_dispatch norms = {
        .shader = "batch_norm_statistics_loss_norms",
        .push = {RT_CONSTANT("vec4s", rt_vec4s(node->inputs[X]->shape.c))},
        .bindings = {rt_bind(node->outputs[MEAN]), rt_bind(node->outputs[VARIANCE]),
                     rt_bind(node->inputs[RUNNING_MEAN]), rt_bind(node->inputs[RUNNING_VAR]),
                     rt_bind(node->outputs[NORMS]), rt_bind(node->outputs[LOSS])},
        .label = node->label,
    };
    RT_TRY(rt_record_channel_statistics(program, &statistics));
    return rt_program_dispatch(program, &norms);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_dispatch dispatch = {
        .shader = "batch_norm_statistics_loss_backward",
        .bindings = {rt_bind(node->output_gradients[LOSS]), rt_bind(node->inputs[X]),
                     rt_bind(node->outputs[MEAN]), rt_bind(node->outputs[VARIANCE]),
                     rt_bind(node->inputs[RUNNING_MEAN]), rt_bind(node->inputs[RUNNING_VAR]),
                     rt_bind(node->outputs[NORMS]), rt_bind(node->input_gradients[X])},
        .label = node->label,
    };
    return rt_dispatch_channels(program, node->inputs[X]->shape, 0, &dispatch);
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    return pass == RT_PASS_FORWARD ? rt_channel_blocks_bytes(node->inputs[X]->shape) : 0;
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const bool first = pass == RT_PASS_FORWARD;
    return rt_elementwise_cost(node->inputs[X]->shape, first ? 4 : 3, first ? 1 : 2);
}

const rt_operator rt_batch_norm_statistics_loss_operator = {
    .name = "batch_norm_statistics_loss",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(X) | RT_READS_INPUT(RUNNING_MEAN) |
                      RT_READS_INPUT(RUNNING_VAR) | RT_READS_OUTPUT(MEAN) |
                      RT_READS_OUTPUT(VARIANCE) | RT_READS_OUTPUT(NORMS),
    .no_gradient_inputs = RT_READS_INPUT(RUNNING_MEAN) | RT_READS_INPUT(RUNNING_VAR),
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_batch_norm_statistics_loss(rt_graph *graph, rt_tensor *x, rt_tensor *running_mean,
                                         rt_tensor *running_var)
{
    rt_tensor *const inputs[] = {x, running_mean, running_var};
    return rt_graph_apply(graph, &rt_batch_norm_statistics_loss_operator, inputs, 3, NULL, 0);
}
