#include "common/ops/sgd.h"

#include "common/ops/optimiser.h"

typedef struct attributes {
    rt_optimiser_update update;
    float momentum, weight_decay;
    bool nesterov;
} attributes;

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    (void)graph;
    return rt_optimiser_check(node, a->update.parameters);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_dispatch dispatch = {
        .shader = "sgd",
        .push = {RT_CONSTANT("momentum", a->momentum), RT_CONSTANT("weight_decay", a->weight_decay),
                 RT_CONSTANT("nesterov", a->nesterov)},
        .label = node->label,
    };
    return rt_optimiser_record(program, node, &a->update, &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const attributes *a = node->attributes;
    const double numbers = (double)rt_parameters_trained_numbers(a->update.parameters);
    (void)pass;
    return (rt_cost){.flops = 8 * numbers, .bytes = 5 * 4 * numbers};
}

const rt_operator rt_sgd_operator = {
    .name = "sgd",
    .infer_shape = infer_shape,
    .forward = forward,
    .side_effects = true,
    .cost = cost,
};

void rt_sgd(rt_graph *graph, rt_parameters *parameters, const rt_sgd_options *options)
{
    const float scale = options->learning_rate_scale;
    const attributes a = {
        .update = {.parameters = parameters,
                   .moments = 1,
                   .learning_rate_scale = scale != 0 ? scale : 1},
        .momentum = options->momentum,
        .weight_decay = options->weight_decay,
        .nesterov = options->nesterov,
    };
    rt_tensor *const inputs[] = {options->schedule, rt_graph_counters(graph)};
    rt_graph_apply_update(graph, &rt_sgd_operator, inputs, 2, &a, sizeof a);
}
