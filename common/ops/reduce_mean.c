#include "common/ops/reduce_mean.h"

#include "common/ops/broadcast.h"
#include "common/ops/elementwise.h"
#include "common/ops/global_average_pool.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_reduce_mean_attributes *a = node->attributes;
    rt_shape y = node->inputs[0]->shape;
    if (a->over_pixels) y.h = y.w = 1;
    if (a->over_channels) y.c = 1;
    return rt_node_output(graph, node, "mean", y);
}

/* 1 / numbers of x a number of y. */
static double share(const rt_node *node)
{
    const rt_shape x = node->inputs[0]->shape, y = node->outputs[0]->shape;
    return (double)y.h * y.w * y.c / ((double)x.h * x.w * x.c);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    return rt_record_broadcast_sums(program,
                                    &(rt_broadcast_sums){.kind = RT_SUM_PLAIN,
                                                         .large_shape = node->inputs[0]->shape,
                                                         .small_shape = node->outputs[0]->shape,
                                                         .g = rt_bind(node->inputs[0]),
                                                         .factor = share(node),
                                                         .total = rt_bind(node->outputs[0]),
                                                         .scratch = node->scratch,
                                                         .label = node->label});
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    return rt_record_broadcast(program, &(rt_broadcast){.kind = RT_BROADCAST_REPEAT,
                                                        .large_shape = node->inputs[0]->shape,
                                                        .small_shape = node->outputs[0]->shape,
                                                        .small = rt_bind(node->output_gradients[0]),
                                                        .y = rt_bind(node->input_gradients[0]),
                                                        .factor = share(node),
                                                        .label = node->label});
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    if (pass == RT_PASS_BACKWARD) return 0;
    return rt_broadcast_sums_bytes(node->outputs[0]->shape, node->inputs[0]->shape);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    return rt_elementwise_cost(node->inputs[0]->shape, 1, 1);
}

const rt_operator rt_reduce_mean_operator = {
    .name = "reduce_mean",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_reduce_mean(rt_graph *graph, rt_tensor *x, bool over_pixels, bool over_channels)
{
    if (!over_channels) return over_pixels ? rt_global_average_pool(graph, x) : x;
    const rt_reduce_mean_attributes a = {over_pixels, over_channels};
    return rt_graph_apply(graph, &rt_reduce_mean_operator, &x, 1, &a, sizeof a);
}
