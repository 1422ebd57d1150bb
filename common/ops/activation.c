#include "common/ops/activation.h"

#include "common/ops/elementwise.h"

#include <math.h>

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_activation_options *o = node->attributes;
    if ((uint32_t)o->kind >= RT_ACTIVATE_COUNT)
        return rt_fail(RT_ERROR_INPUT, "there is no activation %u", (uint32_t)o->kind);
    if (isnan(o->a) || isnan(o->b))
        return rt_fail(RT_ERROR_INPUT, "the numbers %g and %g of activation %u make no function",
                       (double)o->a, (double)o->b, (uint32_t)o->kind);
    if (o->kind == RT_ACTIVATE_CLIP && o->a > o->b)
        return rt_fail(RT_ERROR_INPUT, "no clipping at %g from below and at %g from above",
                       (double)o->a, (double)o->b);
    return rt_infer_same_shape(graph, node);
}

/* Whether f(0) is 0 and f'(0) finite, so that padding channels stay 0 by themselves. */
static bool keeps_zero(const rt_activation_options *o)
{
    switch (o->kind) {
    case RT_ACTIVATE_CLIP:
        return o->a <= 0 && o->b >= 0;
    case RT_ACTIVATE_POWER:
        return o->a >= 1;
    case RT_ACTIVATE_HARD_SIGMOID:
    case RT_ACTIVATE_SOFTPLUS:
    case RT_ACTIVATE_EXP:
    case RT_ACTIVATE_LOG:
    case RT_ACTIVATE_SQRT:
    case RT_ACTIVATE_RECIPROCAL:
        return false;
    default:
        return true;
    }
}

/* Channels are told only to kernels that have to care: one pipeline less for each number of them.
 */
static rt_dispatch describe(const rt_node *node, const char *shader)
{
    const rt_activation_options *o = node->attributes;
    const uint32_t channels = node->outputs[0]->shape.c;
    return (rt_dispatch){
        .shader = shader,
        .constants = {RT_CONSTANT("KIND", o->kind),
                      RT_CONSTANT("CHANNELS", channels % 4 == 0 || keeps_zero(o) ? 4 : channels)},
        .push = {RT_CONSTANT("a", o->a), RT_CONSTANT("b", o->b)},
        .label = node->label,
    };
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    rt_dispatch dispatch = describe(node, "activation_forward");
    dispatch.bindings[0] = rt_bind(node->inputs[0]);
    dispatch.bindings[1] = rt_bind(node->outputs[0]);
    return rt_dispatch_items(program, rt_shape_vec4_count(node->outputs[0]->shape), &dispatch);
}

/* Reads x: some of the functions have no inverse. */
static rt_status backward(rt_program *program, const rt_node *node)
{
    rt_dispatch dispatch = describe(node, "activation_backward");
    dispatch.bindings[0] = rt_bind(node->inputs[0]);
    dispatch.bindings[1] = rt_bind(node->output_gradients[0]);
    dispatch.bindings[2] = rt_bind(node->input_gradients[0]);
    return rt_dispatch_items(program, rt_shape_vec4_count(node->outputs[0]->shape), &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    return rt_elementwise_cost(node->outputs[0]->shape, 4, pass == RT_PASS_FORWARD ? 2 : 3);
}

const rt_operator rt_activation_operator = {
    .name = "activation",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(0),
    .cost = cost,
};

rt_tensor *rt_activate(rt_graph *graph, rt_tensor *x, const rt_activation_options *options)
{
    return rt_graph_apply(graph, &rt_activation_operator, &x, 1, options, sizeof *options);
}
