#include "common/ops/pairwise_distance.h"

#include "common/ops/elementwise.h"

typedef struct attributes {
    float shift;
} attributes;

enum { WORKGROUP_SIZE = 64 }; /* of the shaders that work on tiles */

/* The miner's lower bound, squared. With a shift the distance is only 0 by a rare accident. */
static double smallest_square(const attributes *a) { return a->shift == 0 ? 1e-12 : 0; }

/* Distances up to here are the lower bound: a little above it, for the device rounds its root. */
static double constant_below(const attributes *a) { return a->shift == 0 ? 1.00001e-6 : 0; }

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape x = node->inputs[0]->shape;
    if (x.h != 1 || x.w != 1)
        return rt_fail(RT_ERROR_INPUT, "vectors {N,1,1,D} are needed, not {%u,%u,%u,%u}", x.n, x.h,
                       x.w, x.c);
    return rt_node_output(graph, node, "distances", (rt_shape){x.n, 1, 1, x.n});
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    const uint64_t tiles = (uint64_t)rt_vec4s(x.n) * rt_vec4s(x.n);
    const rt_dispatch dispatch = {
        .shader = "pairwise_distance_forward",
        .push = {RT_CONSTANT("rows", x.n), RT_CONSTANT("channels", x.c),
                 RT_CONSTANT("shift", a->shift),
                 RT_CONSTANT("smallest_square", smallest_square(a))},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->outputs[0])},
        .groups = {rt_groups(tiles, WORKGROUP_SIZE)},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

/* The distances' gradients, each divided by its distance. */
static rt_status record_coefficients(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_tensor *distances = node->outputs[0];
    const rt_dispatch dispatch = {
        .shader = "pairwise_distance_coefficients",
        .push = {RT_CONSTANT("rows", distances->shape.n),
                 RT_CONSTANT("constant_below", constant_below(a))},
        .bindings = {rt_bind(distances), rt_bind(node->output_gradients[0]), node->scratch},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(distances->shape), &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_shape x = node->inputs[0]->shape;
    RT_TRY(record_coefficients(program, node));
    const rt_dispatch dispatch = {
        .shader = "pairwise_distance_backward",
        .push = {RT_CONSTANT("rows", x.n), RT_CONSTANT("channels", x.c),
                 RT_CONSTANT("shift", a->shift)},
        .bindings = {rt_bind(node->inputs[0]), node->scratch, rt_bind(node->input_gradients[0])},
        .groups = {rt_groups((uint64_t)rt_vec4s(x.n) * rt_vec4s(x.c), WORKGROUP_SIZE)},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    return pass == RT_PASS_BACKWARD ? rt_shape_bytes(node->outputs[0]->shape) : 0;
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const rt_shape x = node->inputs[0]->shape;
    const double cells = (double)x.n * x.n;
    const double matrix = (double)rt_shape_bytes(node->outputs[0]->shape);
    const double vectors = (double)rt_shape_bytes(x);
    if (pass == RT_PASS_FORWARD)
        return (rt_cost){.flops = 3 * cells * x.c, .bytes = matrix + vectors};
    return (rt_cost){.flops = 3 * cells * x.c, .bytes = 4 * matrix + 2 * vectors};
}

const rt_operator rt_pairwise_distance_operator = {
    .name = "pairwise_distance",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(0) | RT_READS_OUTPUT(0),
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_pairwise_distance(rt_graph *graph, rt_tensor *x, float shift)
{
    const attributes a = {.shift = shift};
    return rt_graph_apply(graph, &rt_pairwise_distance_operator, (rt_tensor *[]){x}, 1, &a,
                          sizeof a);
}
