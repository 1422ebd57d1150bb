#include "tests/ops/operator_test.h"

#include "common/ops/normalise.h"

#include <criterion/criterion.h>

static const float mean[] = {0.4914f, 0.4822f, 0.4465f, 0.25f, -1, 3};
static const float deviation[] = {0.2023f, 0.1994f, 0.2010f, 0.5f, 2, 0.125f};

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_normalise(graph, inputs[0], mean, deviation);
}

static void reference(const rt_reference_call *call, double *y)
{
    const uint32_t channels = call->output_shapes[0].c;
    for (int64_t i = 0; i < call->output_count; i++)
        y[i] = (call->inputs[0][i] - mean[i % channels]) / deviation[i % channels];
}

Test(ops_normalise, matches_reference_and_differences)
{
    const rt_shape shapes[] = {{1, 1, 1, 1}, {2, 7, 5, 3}, {3, 1, 13, 6}, {4, 16, 16, 1}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .inputs = {{.low = 0, .high = 1}},
        .forward_tolerance = 1e-6,
        .gradient_tolerance = 1e-6,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_normalise, refuses_a_deviation_of_zero)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 2, 2, 2});
    cr_assert_null(rt_normalise(graph, x, mean, (const float[]){1, 0}));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
}
