#include "common/ops/adam.h"

#include "common/ops/optimiser.h"

typedef struct attributes {
    rt_optimiser_update update;
    double beta1, beta2;
    float epsilon, weight_decay;
} attributes;

static rt_status infer_shape(rt_graph *graph, rt_node *node)
{
    const attributes *a = node->attributes;
    (void)graph;
    if (!(a->beta1 >= 0 && a->beta1 < 1 && a->beta2 >= 0 && a->beta2 < 1))
        return rt_fail(RT_ERROR_INPUT, "beta1 is %g and beta2 %g, must be at least 0 and below 1",
                       a->beta1, a->beta2);
    if (!(a->epsilon > 0))
        return rt_fail(RT_ERROR_INPUT, "epsilon is %g, must be above 0", (double)a->epsilon);
    return rt_optimiser_check(node, a->update.parameters);
}

static rt_status forward(rt_program *program, const rt_node *node)
{
    const attributes *a = node->attributes;
    const rt_dispatch dispatch = {
        .shader = "adam",
        .push = {RT_CONSTANT("beta1", a->beta1), RT_CONSTANT("beta2", a->beta2),
                 RT_CONSTANT("one_less_beta1", 1 - a->beta1),
                 RT_CONSTANT("one_less_beta2", 1 - a->beta2), RT_CONSTANT("epsilon", a->epsilon),
                 RT_CONSTANT("weight_decay", a->weight_decay)},
        .label = node->label,
    };
    return rt_optimiser_record(program, node, &a->update, &dispatch);
}

static rt_cost cost(const rt_node *node, rt_pass pass)
{
    const attributes *a = node->attributes;
    const double numbers = (double)rt_parameters_trained_numbers(a->update.parameters);
    (void)pass;
    return (rt_cost){.flops = 15 * numbers, .bytes = 7 * 4 * numbers};
}

const rt_operator rt_adam_operator = {
    .name = "adam",
    .infer_shape = infer_shape,
    .forward = forward,
    .side_effects = true,
    .cost = cost,
};

void rt_adam(rt_graph *graph, rt_parameters *parameters, const rt_adam_options *options)
{
    const float scale = options->learning_rate_scale;
    const attributes a = {
        .update = {.parameters = parameters,
                   .moments = 2,
                   .learning_rate_scale = scale != 0 ? scale : 1},
        .beta1 = options->beta1,
        .beta2 = options->beta2,
        .epsilon = options->epsilon,
        .weight_decay = options->weight_decay,
    };
    rt_tensor *const inputs[] = {options->schedule, rt_graph_counters(graph)};
    rt_graph_apply_update(graph, &rt_adam_operator, inputs, 2, &a, sizeof a);
}
