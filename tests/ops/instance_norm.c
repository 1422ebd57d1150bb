#include "tests/ops/operator_test.h"

#include "common/ops/instance_norm.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

static const float epsilon = 1e-3f;

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] =
        rt_instance_norm(graph, inputs[0], inputs[1], inputs[2], *(const float *)parameters);
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_shape s = call->input_shapes[0];
    const uint32_t pixels = s.h * s.w;
    for (uint32_t n = 0; n < s.n; n++)
        for (uint32_t c = 0; c < s.c; c++) {
            const double *x = call->inputs[0] + (size_t)n * pixels * s.c + c;
            double mean = 0, variance = 0;
            for (uint32_t p = 0; p < pixels; p++) mean += x[p * s.c] / pixels;
            for (uint32_t p = 0; p < pixels; p++)
                variance += (x[p * s.c] - mean) * (x[p * s.c] - mean) / pixels;
            for (uint32_t p = 0; p < pixels; p++)
                y[((size_t)n * pixels + p) * s.c + c] =
                    (x[p * s.c] - mean) / sqrt(variance + *(const float *)call->parameters) *
                        call->inputs[1][c] +
                    call->inputs[2][c];
        }
}

Test(ops_instance_norm, matches_reference_and_differences)
{
    const rt_shape shapes[] = {{2, 5, 3, 7}, {1, 1, 1, 7},  {1, 1, 1, 7},   {3, 1, 1, 5},
                               {1, 1, 1, 5}, {1, 1, 1, 5},  {2, 24, 20, 3}, {1, 1, 1, 3},
                               {1, 1, 1, 3}, {2, 2, 2, 33}, {1, 1, 1, 33},  {1, 1, 1, 33}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .parameters = &epsilon,
        .input_count = 3,
        .forward_tolerance = 5e-6,
        .gradient_tolerance = 2e-5,
        .differences = 16,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

/* A mean a thousand times the deviation: squares that are subtracted would leave nothing. */
Test(ops_instance_norm, large_mean)
{
    const rt_shape shapes[] = {{2, 8, 8, 3}, {1, 1, 1, 3}, {1, 1, 1, 3}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .parameters = &epsilon,
        .input_count = 3,
        .inputs = {{.low = 999, .high = 1001}},
        .forward_tolerance = 2e-4, /* of the digits that x has left */
        .gradient_tolerance = 2e-3,
        .differences = 16,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_instance_norm, refuses_what_does_not_fit)
{
    const struct {
        uint32_t channels;
        float epsilon;
    } wrong[] = {{5, 1e-5f}, {6, 0}};
    for (size_t i = 0; i < RT_COUNT(wrong); i++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 2, 2, 6});
        rt_tensor *v = rt_graph_state(graph, "v", (rt_shape){1, 1, 1, wrong[i].channels});
        cr_assert_null(rt_instance_norm(graph, x, v, v, wrong[i].epsilon));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
        rt_graph_free(graph);
    }
}
