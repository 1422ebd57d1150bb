#include "common/ops/slice_channels.h"

#include "common/ops/elementwise.h"
#include "common/ops/pad_channels.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_slice_channels_attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    if (a->count == 0 || a->first >= x.c || a->count > x.c - a->first)
        return rt_fail(RT_ERROR_INPUT, "no %u channels from channel %u on: there are %u", a->count,
                       a->first, x.c);
    return rt_node_output(graph, node, "slice", (rt_shape){x.n, x.h, x.w, a->count});
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_slice_channels_attributes *a = node->attributes;
    return rt_record_take_channels(program, node->inputs[0], a->first, node->outputs[0],
                                   node->label);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_slice_channels_attributes *a = node->attributes;
    return rt_record_place_channels(program, node->output_gradients[0], a->first,
                                    node->input_gradients[0], node->label);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    rt_cost total = rt_elementwise_cost(node->outputs[0]->shape, 0, 1);
    total.bytes += (double)rt_shape_bytes(pass == RT_PASS_FORWARD ? node->outputs[0]->shape
                                                                  : node->inputs[0]->shape);
    return total;
}

const rt_operator rt_slice_channels_operator = {
    .name = "slice_channels",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .cost = cost,
};

rt_tensor *rt_slice_channels(rt_graph *graph, rt_tensor *x, uint32_t first, uint32_t count)
{
    const rt_slice_channels_attributes a = {.first = first, .count = count};
    return rt_graph_apply(graph, &rt_slice_channels_operator, &x, 1, &a, sizeof a);
}
