#include "common/ops/add.h"

#include "common/ops/elementwise.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape a = node->inputs[0]->shape, b = node->inputs[1]->shape;
    if (!rt_shape_equal(a, b))
        return rt_fail(RT_ERROR_INPUT, "cannot add shapes %ux%ux%ux%u and %ux%ux%ux%u", a.n, a.h,
                       a.w, a.c, b.n, b.h, b.w, b.c);
    return rt_node_output(graph, node, "sum", a);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_dispatch dispatch = {
        .shader = "add_forward",
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->inputs[1]), rt_bind(node->outputs[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(node->outputs[0]->shape), &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    if (pass == RT_PASS_BACKWARD) return (rt_cost){0};
    return rt_elementwise_cost(node->outputs[0]->shape, 1, 3);
}

const rt_operator rt_add_operator = {
    .name = "add",
    .infer_shape = infer_shape,
    .forward = forward,
    .passes_gradient = RT_READS_INPUT(0) | RT_READS_INPUT(1),
    .cost = cost,
};

rt_tensor *rt_add(rt_graph *graph, rt_tensor *a, rt_tensor *b)
{
    return rt_graph_apply(graph, &rt_add_operator, (rt_tensor *[]){a, b}, 2, NULL, 0);
}
