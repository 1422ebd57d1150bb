#include "tests/ops/operator_test.h"

#include "common/ops/reshape.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_reshape(graph, inputs[0], *(const rt_shape *)parameters);
}

static void reference(const rt_reference_call *call, double *y)
{
    for (int64_t i = 0; i < call->output_count; i++) y[i] = call->inputs[0][i];
}

Test(ops_reshape, matches_reference_and_differences)
{
    const rt_shape shapes[] = {{2, 3, 5, 7}, {3, 1, 1, 48}, {3, 2, 2, 12}, {1, 1, 1, 3}};
    const rt_shape wanted[] = {{6, 1, 5, 7}, {3, 2, 2, 12}, {1, 1, 1, 144}, {1, 1, 1, 3}};
    for (size_t i = 0; i < RT_COUNT(shapes); i++) {
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &wanted[i],
            .forward_tolerance = 2e-7,
            .gradient_tolerance = 1e-6,
            .seed = 1 + i,
        };
        rt_test_operator(&test, &shapes[i], 1);
    }
}

/* Other numbers of numbers, and channels whose padding is in the way. */
Test(ops_reshape, refuses_another_layout)
{
    const rt_shape shapes[] = {{2, 3, 5, 7}, {1, 2, 2, 3}, {1, 1, 1, 12}, {1, 1, 1, 8}};
    const rt_shape wanted[] = {{2, 3, 5, 8}, {1, 1, 1, 12}, {1, 2, 2, 3}, {1, 2, 2, 2}};
    for (size_t i = 0; i < RT_COUNT(shapes); i++) {
        rt_graph *graph;
        rt_test_ok(rt_graph_create(&graph));
        cr_assert_null(rt_reshape(graph, rt_graph_state(graph, "x", shapes[i]), wanted[i]));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
        rt_graph_free(graph);
    }
}
