#include "tests/ops/operator_test.h"

#include "common/ops/leaky_relu.h"
#include "common/ops/relu.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_leaky_relu(graph, inputs[0], *(const float *)parameters);
}

static void reference(const rt_reference_call *call, double *y)
{
    const double slope = *(const float *)call->parameters;
    const double *x = call->inputs[0];
    for (int64_t i = 0; i < call->output_count; i++) y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

static void check(const float *slope)
{
    /* C of 1, 3 and 6 leave padding channels; 7 and 13 leave the last workgroup part empty; the
     * last takes several workgroups. */
    const rt_shape shapes[] = {{1, 1, 1, 1}, {2, 7, 5, 3}, {3, 1, 13, 6}, {8, 16, 16, 20}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .parameters = slope,
        .keep_away_from_zero = 0.1, /* the kink: a difference across it is no derivative */
        .forward_tolerance = 2e-7,
        .gradient_tolerance = 1e-6,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_leaky_relu, matches_reference_and_differences) { check(&(float){0.2f}); }

Test(ops_leaky_relu, slope_of_zero_is_relu) { check(&(float){0}); }

static void build_relu(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                       rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_relu(graph, inputs[0]);
}

Test(ops_leaky_relu, relu)
{
    const rt_shape shape = {2, 3, 5, 7};
    const rt_operator_test test = {.build = build_relu,
                                   .reference = reference,
                                   .parameters = &(float){0},
                                   .keep_away_from_zero = 0.1,
                                   .forward_tolerance = 2e-7,
                                   .gradient_tolerance = 1e-6,
                                   .seed = 2};
    rt_test_operator(&test, &shape, 1);
}

Test(ops_leaky_relu, refuses_a_negative_slope)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 1, 1, 1});
    cr_assert_null(rt_leaky_relu(graph, x, -0.5f));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
}
