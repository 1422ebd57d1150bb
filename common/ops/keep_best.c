#include "common/ops/keep_best.h"

#include "common/ops/elementwise.h"

enum { CANDIDATE, LOSS, BEST, BEST_LOSS, INPUTS };

static bool is_scalar(const rt_tensor *tensor)
{
    return rt_shape_equal(tensor->shape, (rt_shape){1, 1, 1, 1});
}

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    (void)graph;
    rt_tensor *const *inputs = node->inputs;
    if (!rt_shape_equal(inputs[CANDIDATE]->shape, inputs[BEST]->shape) ||
        !is_scalar(inputs[LOSS]) || !is_scalar(inputs[BEST_LOSS]))
        return rt_fail(RT_ERROR_INTERNAL, "'%s' and '%s' do not fit '%s' and '%s'",
                       inputs[CANDIDATE]->name, inputs[LOSS]->name, inputs[BEST]->name,
                       inputs[BEST_LOSS]->name);
    if (inputs[BEST]->kind != RT_TENSOR_STATE || inputs[BEST_LOSS]->kind != RT_TENSOR_STATE)
        return rt_fail(RT_ERROR_INTERNAL, "'%s' or '%s' is not a state", inputs[BEST]->name,
                       inputs[BEST_LOSS]->name);
    return RT_OK;
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    rt_tensor *const *inputs = node->inputs;
    const rt_dispatch tensor = {
        .shader = "keep_best",
        .bindings = {rt_bind(inputs[LOSS]), rt_bind(inputs[BEST_LOSS]), rt_bind(inputs[CANDIDATE]),
                     rt_bind(inputs[BEST])},
        .label = node->label,
    };
    const rt_dispatch loss = {
        .shader = "keep_best_loss",
        .bindings = {rt_bind(inputs[LOSS]), rt_bind(inputs[BEST_LOSS])},
        .label = node->label,
    };
    RT_TRY(rt_dispatch_items(program, rt_shape_vec4_count(inputs[BEST]->shape), &tensor));
    return rt_program_dispatch(program, &loss); /* second: the first compares with the old one */
}

const rt_operator rt_keep_best_operator = {
    .name = "keep_best",
    .infer_shape = infer_shape,
    .forward = forward,
    .side_effects = true,
};

void rt_keep_best(rt_graph *graph, rt_tensor *candidate, rt_tensor *loss, rt_tensor *best,
                  rt_tensor *best_loss)
{
    rt_tensor *const inputs[INPUTS] = {candidate, loss, best, best_loss};
    rt_graph_apply(graph, &rt_keep_best_operator, inputs, INPUTS, NULL, 0);
}
