#include "common/ops/pad_channels.h"

#include "common/ops/elementwise.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_pad_channels_attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    if (a->stride == 0) return rt_fail(RT_ERROR_INPUT, "a stride of 0 leads nowhere");
    return rt_node_output(graph, node, "padded_channels",
                          (rt_shape){x.n, (x.h + a->stride - 1) / a->stride,
                                     (x.w + a->stride - 1) / a->stride,
                                     a->before + x.c + a->after});
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_pad_channels_attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape, y = node->outputs[0]->shape;
    const rt_dispatch dispatch = {
        .shader = "pad_channels_forward",
        .constants = {RT_CONSTANT("C4", rt_vec4s(x.c)), RT_CONSTANT("H", x.h),
                      RT_CONSTANT("W", x.w), RT_CONSTANT("OUTPUT_C4", rt_vec4s(y.c)),
                      RT_CONSTANT("OUTPUT_H", y.h), RT_CONSTANT("OUTPUT_W", y.w),
                      RT_CONSTANT("STRIDE", a->stride), RT_CONSTANT("BEFORE", a->before)},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(y), &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_pad_channels_attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape, y = node->outputs[0]->shape;
    const rt_dispatch dispatch = {
        .shader = "pad_channels_backward",
        .constants = {RT_CONSTANT("CHANNELS", x.c), RT_CONSTANT("H", x.h), RT_CONSTANT("W", x.w),
                      RT_CONSTANT("OUTPUT_C4", rt_vec4s(y.c)), RT_CONSTANT("OUTPUT_H", y.h),
                      RT_CONSTANT("OUTPUT_W", y.w), RT_CONSTANT("STRIDE", a->stride),
                      RT_CONSTANT("BEFORE", a->before)},
        .bindings = {rt_bind(node->output_gradients[0]), rt_bind(node->input_gradients[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(x), &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const rt_shape larger = node->outputs[0]->shape, x = node->inputs[0]->shape;
    return pass == RT_PASS_FORWARD ? rt_elementwise_cost(larger, 0, 2)
                                   : rt_elementwise_cost(x, 0, 2);
}

const rt_operator rt_pad_channels_operator = {
    .name = "pad_channels",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .cost = cost,
};

rt_tensor *rt_pad_channels(rt_graph *graph, rt_tensor *x, uint32_t stride, uint32_t channels_before,
                           uint32_t channels_after)
{
    const rt_pad_channels_attributes a = {
        .stride = stride, .before = channels_before, .after = channels_after};
    return rt_graph_apply(graph, &rt_pad_channels_operator, &x, 1, &a, sizeof a);
}
