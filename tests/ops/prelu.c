#include "tests/ops/operator_test.h"

#include "common/ops/prelu.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_prelu(graph, inputs[0], inputs[1]);
}

static void reference(const rt_reference_call *call, double *y)
{
    const uint32_t channels = call->input_shapes[0].c, slopes = call->input_shapes[1].c;
    for (int64_t i = 0; i < call->output_count; i++) {
        const double x = call->inputs[0][i];
        y[i] = x > 0 ? x : call->inputs[1][i % channels % slopes] * x;
    }
}

Test(ops_prelu, matches_reference_and_differences)
{
    const rt_shape shapes[] = {{2, 5, 3, 7}, {1, 1, 1, 7}, {3, 1, 1, 33}, {1, 1, 1, 33},
                               {2, 5, 3, 5}, {1, 1, 1, 1}, {2, 1, 1, 1},  {1, 1, 1, 1}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .input_count = 2,
        .keep_away_from_zero = 0.1, /* the kink */
        .forward_tolerance = 1e-6,
        .gradient_tolerance = 1e-5,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_prelu, refuses_other_slopes)
{
    rt_graph *graph = rt_test_graph();
    rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 2, 2, 6});
    cr_assert_null(rt_prelu(graph, x, rt_graph_state(graph, "slope", (rt_shape){1, 1, 1, 3})));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
}
