#include "common/ops/soft_cross_entropy.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_soft_cross_entropy(graph, inputs[0], inputs[1]);
}

static void reference(const rt_reference_call *call, double *y)
{
    const uint32_t n = call->input_shapes[0].n, classes = call->input_shapes[0].c;
    *y = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double *logits = call->inputs[0] + (size_t)i * classes;
        const double *target = call->inputs[1] + (size_t)i * classes;
        double sum = 0;
        for (uint32_t k = 0; k < classes; k++) sum += exp(logits[k]);
        for (uint32_t k = 0; k < classes; k++) *y -= target[k] * log(exp(logits[k]) / sum) / n;
    }
}

Test(ops_soft_cross_entropy, matches_reference_and_differences)
{
    const rt_shape shapes[] = {{1, 1, 1, 2},   {1, 1, 1, 2},   {5, 1, 1, 3},     {5, 1, 1, 3},
                               {67, 1, 1, 10}, {67, 1, 1, 10}, {300, 1, 1, 101}, {300, 1, 1, 101}};
    rt_operator_test test = {
        .build = build,
        .reference = reference,
        .input_count = 2,
        /* Targets that do not add up to 1: the formula does not ask for it. */
        .inputs = {{.low = -6, .high = 6}, {.no_gradient = true, .low = 0, .high = 1}},
        .forward_tolerance = 2e-6,
        .gradient_tolerance = 2e-5,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
    /* Far from zero: exp would overflow in float, not in the reference's double. */
    test.inputs[0] = (rt_test_input){.low = 600, .high = 620};
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_soft_cross_entropy, refuses_what_does_not_fit)
{
    const rt_shape pairs[][2] = {{{2, 1, 1, 5}, {2, 1, 1, 4}}, {{2, 3, 1, 5}, {2, 3, 1, 5}}};
    for (size_t i = 0; i < RT_COUNT(pairs); i++) {
        rt_graph *graph = rt_test_graph();
        cr_assert_null(rt_soft_cross_entropy(graph, rt_graph_input(graph, "logits", pairs[i][0]),
                                             rt_graph_input(graph, "target", pairs[i][1])));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT, "pair %zu", i);
        rt_graph_free(graph);
    }
}
