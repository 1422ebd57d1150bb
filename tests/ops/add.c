#include "tests/ops/operator_test.h"

#include "common/ops/add.h"

#include <criterion/criterion.h>
#include <string.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_add(graph, inputs[0], inputs[1]);
}

static void reference(const rt_reference_call *call, double *y)
{
    for (int64_t i = 0; i < call->output_count; i++) y[i] = call->inputs[0][i] + call->inputs[1][i];
}

Test(ops_add, matches_reference_and_differences)
{
    const rt_shape shapes[] = {{1, 1, 1, 1}, {1, 1, 1, 1},    {2, 7, 5, 3},
                               {2, 7, 5, 3}, {8, 16, 16, 20}, {8, 16, 16, 20}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .input_count = 2,
        .forward_tolerance = 2e-7,
        .gradient_tolerance = 1e-6,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

/* x + x, and that once more: both gradients of a node are the same memory, and meet again. */
static void build_fourfold(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                           rt_tensor **outputs)
{
    (void)parameters;
    rt_tensor *twice = rt_add(graph, inputs[0], inputs[0]);
    outputs[0] = rt_add(graph, twice, twice);
}

static void reference_fourfold(const rt_reference_call *call, double *y)
{
    for (int64_t i = 0; i < call->output_count; i++) y[i] = 4 * call->inputs[0][i];
}

Test(ops_add, of_a_tensor_to_itself)
{
    const rt_shape shape = {2, 3, 5, 6};
    const rt_operator_test test = {.build = build_fourfold,
                                   .reference = reference_fourfold,
                                   .forward_tolerance = 2e-7,
                                   .gradient_tolerance = 1e-6,
                                   .seed = 2};
    rt_test_operator(&test, &shape, 1);
}

Test(ops_add, refuses_different_shapes)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *a = rt_graph_state(graph, "a", (rt_shape){1, 2, 3, 4});
    rt_tensor *b = rt_graph_state(graph, "b", (rt_shape){1, 3, 2, 4});
    cr_assert_null(rt_add(graph, a, b));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "1x2x3x4"), "%s", rt_error_message());
    rt_graph_free(graph);
}
