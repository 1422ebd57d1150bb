#include "common/ops/global_average_pool.h"

#include "common/ops/elementwise.h"

/* Of shaders/global_average_pool_forward.comp, which says why. */
typedef struct cut {
    uint32_t workgroup_size, rows;
} cut;
static const cut cpu_cut = {.workgroup_size = 32, .rows = 1};
static const cut gpu_cut = {.workgroup_size = 128, .rows = 32};

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const rt_shape x = node->inputs[0]->shape;
    return rt_node_output(graph, node, "global_average", (rt_shape){x.n, 1, 1, x.c});
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const rt_shape x = node->inputs[0]->shape;
    const uint64_t count = rt_shape_vec4_count(node->outputs[0]->shape);
    const rt_device_info *info = rt_device_describe(rt_program_device(program));
    const cut *c = rt_device_is_cpu(info) ? &cpu_cut : &gpu_cut;
    const rt_dispatch dispatch = {
        .shader = "global_average_pool_forward",
        .constants = {RT_CONSTANT("WORKGROUP_SIZE", c->workgroup_size),
                      RT_CONSTANT("ROWS", c->rows), RT_CONSTANT("C4", rt_vec4s(x.c)),
                      RT_CONSTANT("PIXELS", x.h * x.w)},
        .push = {RT_CONSTANT("count", count)},
        .bindings = {rt_bind(node->inputs[0]), rt_bind(node->outputs[0])},
        .groups = {rt_groups(count, c->workgroup_size / c->rows), 1, 1},
        .label = node->label,
    };
    return rt_program_dispatch(program, &dispatch);
}

static rt_status backward(rt_program *program, const rt_node *node)
{
    const rt_shape x = node->inputs[0]->shape;
    const rt_dispatch dispatch = {
        .shader = "global_average_pool_backward",
        .constants = {RT_CONSTANT("C4", rt_vec4s(x.c)), RT_CONSTANT("PIXELS", x.h * x.w)},
        .bindings = {rt_bind(node->output_gradients[0]), rt_bind(node->input_gradients[0])},
        .label = node->label,
    };
    return rt_dispatch_items(program, rt_shape_vec4_count(x), &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    (void)pass;
    return rt_elementwise_cost(node->inputs[0]->shape, 1, 1);
}

const rt_operator rt_global_average_pool_operator = {
    .name = "global_average_pool",
    .infer_shape = infer_shape,
    .forward = forward,
    .backward = backward,
    .cost = cost,
};

rt_tensor *rt_global_average_pool(rt_graph *graph, rt_tensor *x)
{
    return rt_graph_apply(graph, &rt_global_average_pool_operator, &x, 1, NULL, 0);
}
