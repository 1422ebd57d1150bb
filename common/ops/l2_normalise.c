#include "common/ops/l2_normalise.h"

typedef struct attributes {
    float epsilon;
} attributes;

enum { WORKGROUP_SIZE = 32 }; /* of both shaders */

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    if (x.h != 1 || x.w != 1)
        return rt_fail(RT_ERROR_INPUT, "vectors {N,1,1,D} are needed, not {%u,%u,%u,%u}", x.n, x.h,
                       x.w, x.c);
    if (!(a->epsilon > 0))
        return rt_fail(RT_ERROR_INPUT, "epsilon is %g, must be above 0", a->epsilon);
    return rt_node_output(graph, node, "normalised", x);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    const rt_dispatch dispatch = {
        .shader = "l2_normalise_forward",
        .push = {RT_CONSTANT("rows", x.n), RT_CONSTANT("vec4s", rt_vec4s(x.c)),
                 RT_CONSTANT("epsilon", a->epsilon)},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->outputs[0])},
        .groups = {rt_groups(x.n, WORKGROUP_SIZE)},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    const rt_dispatch dispatch = {
        .shader = "l2_normalise_backward",
        .push = {RT_CONSTANT("rows", x.n), RT_CONSTANT("vec4s", rt_vec4s(x.c)),
                 RT_CONSTANT("epsilon", a->epsilon)},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->output_gradients[0]),
                     rt_bind(node->input_gradients[0])},
        .groups = {rt_groups(x.n, WORKGROUP_SIZE)},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const double numbers =
        (double)rt_shape_pixels(node->inputs[0]->shape) * node->inputs[0]->shape.c;
    const double bytes = (double)rt_shape_bytes(node->inputs[0]->shape);
    if (pass == RT_PASS_FORWARD) return (rt_cost){.flops = 3 * numbers, .bytes = 2 * bytes};
    return (rt_cost){.flops = 7 * numbers, .bytes = 3 * bytes};
}

const rt_operator rt_l2_normalise_operator = {
    .name = "l2_normalise",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(0),
    .cost = cost,
};

rt_tensor *rt_l2_normalise(rt_graph *graph, rt_tensor *x, float epsilon)
{
    const attributes a = {.epsilon = epsilon};
    return rt_graph_apply(graph, &rt_l2_normalise_operator, (rt_tensor *[]){x}, 1, &a, sizeof a);
}
