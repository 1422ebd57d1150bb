#include "common/ops/channel_shuffle.h"

#include "common/ops/elementwise.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_channel_shuffle_attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    if (a->groups == 0 || x.c % a->groups != 0)
        return rt_fail(RT_ERROR_INPUT, "%u channels do not make %u equal groups", x.c, a->groups);
    return rt_node_output(graph, node, "shuffled", x);
}

static rt_status run(rt_program *program, const rt_node *node, uint32_t groups,
                     const rt_tensor *from, const rt_tensor *to)
{
    const rt_dispatch dispatch = {
        .shader = "channel_shuffle",
        .constants = {RT_CONSTANT("CHANNELS", to->shape.c), RT_CONSTANT("GROUPS", groups)},
        .bindings = {rt_bind(from), rt_bind(to)},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(to->shape), &dispatch);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_channel_shuffle_attributes *a = node->attributes;
    return run(program, node, a->groups, node->inputs[0], node->outputs[0]);
}

/* The way back is a shuffle, too: a transposition of groups and their channels. */
static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_channel_shuffle_attributes *a = node->attributes;
    return run(program, node, node->outputs[0]->shape.c / a->groups, node->output_gradients[0],
               node->input_gradients[0]);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    return rt_elementwise_cost(node->outputs[0]->shape, 0, 2);
}

const rt_operator rt_channel_shuffle_operator = {
    .name = "channel_shuffle",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .cost = cost,
};

rt_tensor *rt_channel_shuffle(rt_graph *graph, rt_tensor *x, uint32_t groups)
{
    const rt_channel_shuffle_attributes a = {.groups = groups};
    return rt_graph_apply(graph, &rt_channel_shuffle_operator, &x, 1, &a, sizeof a);
}
