#include "common/ops/pad.h"

#include "common/ops/elementwise.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_pad_attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    const uint64_t h = (uint64_t)x.h + a->sides.top + a->sides.bottom;
    const uint64_t w = (uint64_t)x.w + a->sides.left + a->sides.right;
    if (h > INT32_MAX || w > INT32_MAX)
        return rt_fail(RT_ERROR_INPUT, "a border of %u, %u, %u and %u pixels is too wide",
                       a->sides.top, a->sides.left, a->sides.bottom, a->sides.right);
    return rt_node_output(graph, node, "padded", (rt_shape){x.n, (uint32_t)h, (uint32_t)w, x.c});
}

/* `to` = `from` moved down and right, `value` where there is nothing then. */
static rt_status move(rt_program *program, const rt_node *node, const rt_tensor *from, int down,
                      int right, float value, const rt_tensor *to)
{
    const rt_shape x = from->shape, y = to->shape;
    const rt_dispatch dispatch = {
        .shader = "pad",
        .constants = {RT_CONSTANT("CHANNELS", x.c), RT_CONSTANT("H", x.h), RT_CONSTANT("W", x.w),
                      RT_CONSTANT("OUTPUT_H", y.h), RT_CONSTANT("OUTPUT_W", y.w),
                      RT_CONSTANT("DOWN", down), RT_CONSTANT("RIGHT", right)},
        .push = {RT_CONSTANT("value", value)},
        .bindings = {rt_bind(from), rt_bind(to)},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(y), &dispatch);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_pad_attributes *a = node->attributes;
    return move(program, node, node->inputs[0], (int)a->sides.top, (int)a->sides.left, a->value,
                node->outputs[0]);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_pad_attributes *a = node->attributes;
    return move(program, node, node->output_gradients[0], -(int)a->sides.top, -(int)a->sides.left,
                0, node->input_gradients[0]);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    rt_cost total = rt_elementwise_cost(node->outputs[0]->shape, 0, 1);
    total.bytes += (double)rt_shape_bytes(node->inputs[0]->shape);
    return total;
}

const rt_operator rt_pad_operator = {
    .name = "pad",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .cost = cost,
};

rt_tensor *rt_pad(rt_graph *graph, rt_tensor *x, rt_sides sides, float value)
{
    const rt_pad_attributes a = {.sides = sides, .value = value};
    return rt_graph_apply(graph, &rt_pad_operator, &x, 1, &a, sizeof a);
}
