#include "common/ops/prelu.h"

#include "common/ops/broadcast.h"
#include "common/ops/elementwise.h"

enum { X, SLOPE };

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape x = node->inputs[X]->shape, slope = node->inputs[SLOPE]->shape;
    if (rt_shape_pixels(slope) != 1 || (slope.c != x.c && slope.c != 1))
        return rt_fail(RT_ERROR_INPUT,
                       "slopes of %u channels are {1,1,1,%u}, or one: not "
                       "{%u,%u,%u,%u}",
                       x.c, x.c, slope.n, slope.h, slope.w, slope.c);
    return rt_infer_same_shape(graph, node);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_tensor *x = node->inputs[X], *slope = node->inputs[SLOPE];
    return rt_record_broadcast(program, &(rt_broadcast){.kind = RT_BROADCAST_PRELU,
                                                        .large_shape = x->shape,
                                                        .small_shape = slope->shape,
                                                        .x = rt_bind(x),
                                                        .small = rt_bind(slope),
                                                        .y = rt_bind(node->outputs[0]),
                                                        .label = node->label});
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_tensor *x = node->inputs[X], *slope = node->inputs[SLOPE];
    const rt_gpu_range g = rt_bind(node->output_gradients[0]);
    if (node->input_gradients[X] != NULL) {
        rt_dispatch dispatch = {
            .shader = "prelu_backward",
            .bindings = {rt_bind(x), rt_bind(slope), g, rt_bind(node->input_gradients[X])},
            .label = node->label,
        };
        rt_broadcast_constants(&dispatch, x->shape, slope->shape, false);
        RT_TRY(rt_dispatch_items(program, rt_shape_vec4_count(x->shape), &dispatch));
    }
    if (node->input_gradients[SLOPE] == NULL) return RT_OK;
    return rt_record_broadcast_sums(
        program, &(rt_broadcast_sums){.kind = RT_SUM_NEGATIVE,
                                      .large_shape = x->shape,
                                      .small_shape = slope->shape,
                                      .g = g,
                                      .x = rt_bind(x),
                                      .factor = 1,
                                      .total = rt_bind(node->input_gradients[SLOPE]),
                                      .scratch = node->scratch,
                                      .label = node->label});
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    if (pass == RT_PASS_FORWARD) return 0;
    return rt_broadcast_sums_bytes(node->inputs[SLOPE]->shape, node->inputs[X]->shape);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const bool forward = pass == RT_PASS_FORWARD;
    return rt_elementwise_cost(node->inputs[X]->shape, forward ? 1 : 3, forward ? 2 : 5);
}

const rt_operator rt_prelu_operator = {
    .name = "prelu",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(X) | RT_READS_INPUT(SLOPE),
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_prelu(rt_graph *graph, rt_tensor *x, rt_tensor *slope)
{
    return rt_graph_apply(graph, &rt_prelu_operator, (rt_tensor *[]){x, slope}, 2, NULL, 0);
}
