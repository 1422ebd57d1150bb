#include "common/ops/dot.h"

#include "common/ops/elementwise.h"

/* Workgroups of the first pass, one partial sum each: few enough for one workgroup to add up. */
enum { MAXIMUM_PARTIAL_SUMS = 128, ITEMS_A_PARTIAL_SUM = 4096 };

static uint32_t partial_sums(const rt_node *node)
{
    const uint32_t wanted =
        rt_groups(rt_shape_vec4_count(node->inputs[0]->shape), ITEMS_A_PARTIAL_SUM);
    return wanted < MAXIMUM_PARTIAL_SUMS ? wanted : MAXIMUM_PARTIAL_SUMS;
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape a = node->inputs[0]->shape, b = node->inputs[1]->shape;
    if (!rt_shape_equal(a, b))
        return rt_fail(RT_ERROR_INPUT, "no dot product of shapes %ux%ux%ux%u and %ux%ux%ux%u", a.n,
                       a.h, a.w, a.c, b.n, b.h, b.w, b.c);
    return rt_node_output(graph, node, "dot", (rt_shape){1, 1, 1, 1});
}

static uint64_t scratch(const rt_node *node, rt_pass pass)
{
    return pass == RT_PASS_FORWARD ? 16 * (uint64_t)partial_sums(node) : 0;
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const uint32_t partials = partial_sums(node);
    const rt_dispatch products = {
        .shader = "dot_products",
        .push = {RT_CONSTANT("count", rt_shape_vec4_count(node->inputs[0]->shape))},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->inputs[1]), node->scratch},
        .groups = {partials, 1, 1},
        .label = node->label,
    };
    const rt_dispatch total = {
        .shader = "dot_total",
        .push = {RT_CONSTANT("count", partials)},
        .bindings = {node->scratch, rt_bind(node->outputs[0])},
        .label = node->label,
    };
    RT_TRY(rt_program_dispatch(program, &products));
    return rt_program_dispatch(program, &total);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    for (uint32_t i = 0; i < 2; i++) {
        if (node->input_gradients[i] == NULL) continue;
        const rt_dispatch dispatch = {
            .shader = "dot_backward",
            .bindings = {rt_bind(node->output_gradients[0]), rt_bind(node->inputs[1 - i]),
                         rt_bind(node->input_gradients[i])},
            .label = node->label,
        };
        RT_TRY(rt_dispatch_items(program, rt_shape_vec4_count(node->inputs[i]->shape), &dispatch));
    }
    return RT_OK;
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    return rt_elementwise_cost(node->inputs[0]->shape, 2, pass == RT_PASS_FORWARD ? 2 : 4);
}

const rt_operator rt_dot_operator = {
    .name = "dot",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .backward_reads = RT_READS_INPUT(0) | RT_READS_INPUT(1),
    .scratch = scratch,
    .cost = cost,
};

rt_tensor *rt_dot(rt_graph *graph, rt_tensor *a, rt_tensor *b)
{
    return rt_graph_apply(graph, &rt_dot_operator, (rt_tensor *[]){a, b}, 2, NULL, 0);
}
