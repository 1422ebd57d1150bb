#include "common/ops/advance.h"

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    (void)graph;
    (void)node;
    return RT_OK;
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_dispatch dispatch = {
        .shader = "advance", .bindings = {rt_bind(node->inputs[0])}, .label = node->label};
    return rt_program_dispatch(program, &dispatch);
}

const rt_operator rt_advance_operator = {
    .name = "advance",
    .infer_shape = infer_shape,
    .forward = forward,
    .no_gradient_inputs = RT_READS_INPUT(0),
    .side_effects = true,
};

void rt_advance(rt_graph *graph)
{
    rt_tensor *counters = rt_graph_counters(graph);
    rt_graph_apply_update(graph, &rt_advance_operator, &counters, 1, NULL, 0);
}
