#include "common/ops/l2_normalise.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_l2_normalise(graph, inputs[0], *(const float *)parameters);
}

static void reference(const rt_reference_call *call, double *y)
{
    const double epsilon = *(const float *)call->parameters;
    const uint32_t size = call->input_shapes[0].c;
    for (uint32_t i = 0; i < call->input_shapes[0].n; i++) {
        const double *x = call->inputs[0] + (size_t)i * size;
        double squares = 0;
        for (uint32_t c = 0; c < size; c++) squares += x[c] * x[c];
        for (uint32_t c = 0; c < size; c++)
            y[(size_t)i * size + c] = x[c] / fmax(sqrt(squares), epsilon);
    }
}

Test(ops_l2_normalise, matches_reference_and_finite_differences)
{
    const rt_shape shapes[] = {{3, 1, 1, 2}, {5, 1, 1, 7}, {67, 1, 1, 10}, {2, 1, 1, 2048}};
    rt_operator_test test = {
        .build = build,
        .reference = reference,
        .parameters = &(float){1e-12f},
        .keep_away_from_zero = 0.1, /* norms so small that the gradient has no digits left */
        .forward_tolerance = 2e-6,
        .gradient_tolerance = 1e-5,
        .seed = 31,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
    /* All norms below epsilon: a plain division. */
    test.parameters = &(float){100};
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_l2_normalise, a_zero_vector_stays_zero)
{
    const float x[] = {0, 0, 0, 3, 0, 4};
    float y[6];
    rt_graph *graph = rt_test_graph();
    rt_tensor *normalised = rt_l2_normalise(graph, rt_test_rows(graph, 2, 3, x), 1e-12f);
    rt_test_evaluate(graph, 1, &normalised, (float *[]){y}, 1);
    for (int i = 0; i < 3; i++) cr_assert(y[i] == 0, "number %d is %g", i, y[i]);
    cr_assert_float_eq(y[3], 0.6, 1e-6);
    cr_assert_float_eq(y[5], 0.8, 1e-6);
}

Test(ops_l2_normalise, refuses_images_and_a_bad_epsilon)
{
    const float x[8] = {0};
    rt_graph *graph = rt_test_graph();
    rt_l2_normalise(graph, rt_graph_constant(graph, "x", (rt_shape){1, 2, 2, 2}, x), 1e-12f);
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
    graph = rt_test_graph();
    rt_l2_normalise(graph, rt_test_rows(graph, 2, 4, x), 0);
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
}
