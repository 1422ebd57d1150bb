#include "tests/ops/operator_test.h"

#include "common/ops/weighted_sum.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_weighted_sum(graph, inputs + 1, *(const uint32_t *)parameters, inputs[0]);
}

static void reference(const rt_reference_call *call, double *y)
{
    *y = 0;
    for (uint32_t i = 0; i < *(const uint32_t *)call->parameters; i++)
        *y += call->inputs[0][i] * call->inputs[1 + i][0];
}

Test(ops_weighted_sum, matches_reference_and_differences)
{
    const uint32_t counts[] = {1, 3, 5, RT_MAXIMUM_INPUTS - 1};
    for (size_t i = 0; i < RT_COUNT(counts); i++) {
        rt_shape shapes[RT_MAXIMUM_INPUTS] = {{1, 1, 1, counts[i]}};
        for (uint32_t term = 0; term < counts[i]; term++) shapes[1 + term] = (rt_shape){1, 1, 1, 1};
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &counts[i],
            .input_count = counts[i] + 1,
            .inputs = {{.kind = RT_TEST_HOST, .no_gradient = true, .low = 1, .high = 2},
                       {.no_gradient = counts[i] == 3}}, /* a term that wants no gradient */
            .forward_tolerance = 1e-6,
            .gradient_tolerance = 1e-6,
            .seed = 1 + i,
        };
        rt_test_operator(&test, shapes, counts[i] + 1);
    }
}

Test(ops_weighted_sum, refuses_a_wrong_number_of_weights)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *weights = rt_graph_state(graph, "weights", (rt_shape){1, 1, 1, 3});
    rt_tensor *term = rt_graph_state(graph, "term", (rt_shape){1, 1, 1, 1});
    cr_assert_null(rt_weighted_sum(graph, (rt_tensor *const[]){term, term}, 2, weights));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INTERNAL);
    rt_graph_free(graph);
}
