#include "common/ops/equal.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_equal(graph, inputs[0], inputs[1]);
}

static void reference(const rt_reference_call *call, double *y)
{
    for (int64_t i = 0; i < call->output_count; i++)
        y[i] = call->inputs[0][i] == call->inputs[1][i];
}

/* -1 to 2: a third of two draws are equal. */
static void draw_labels(const rt_test_draw *draw, float *values)
{
    for (uint64_t i = 0; i < draw->count; i++)
        values[i] = (float)floor(4 * rt_test_uniform(draw->seed, i)) - 1;
}

Test(ops_equal, matches_reference)
{
    const rt_shape shapes[] = {{1, 1, 1, 1},  {1, 1, 1, 1},   {67, 1, 1, 1},
                               {67, 1, 1, 1}, {300, 1, 1, 1}, {300, 1, 1, 1}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .input_count = 2,
        .inputs = {{.generate = draw_labels}, {.kind = RT_TEST_HOST, .generate = draw_labels}},
        .forward_tolerance = 1e-9,
        .no_gradient = true,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_equal, passes_no_gradient_and_refuses_other_shapes)
{
    rt_graph *graph = rt_test_graph();
    rt_tensor *a = rt_graph_state(graph, "a", (rt_shape){3, 1, 1, 1});
    rt_graph_require_gradient(graph, a);
    cr_assert_not(rt_equal(graph, a, a)->requires_gradient);
    cr_assert_null(rt_equal(graph, a, rt_graph_state(graph, "b", (rt_shape){2, 1, 1, 1})));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
}
