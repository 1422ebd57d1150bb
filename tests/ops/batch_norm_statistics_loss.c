#include "common/ops/batch_norm_statistics_loss.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

enum { X, RUNNING_MEAN, RUNNING_VAR };

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] =
        rt_batch_norm_statistics_loss(graph, inputs[X], inputs[RUNNING_MEAN], inputs[RUNNING_VAR]);
}

static void reference(const rt_reference_call *call, double *y)
{
    const uint32_t channels = call->input_shapes[X].c;
    const uint64_t pixels = rt_shape_pixels(call->input_shapes[X]);
    double of_mean = 0, of_variance = 0;
    for (uint32_t c = 0; c < channels; c++) {
        double mean = 0, variance = 0;
        for (uint64_t p = 0; p < pixels; p++) mean += call->inputs[X][p * channels + c];
        mean /= (double)pixels;
        for (uint64_t p = 0; p < pixels; p++)
            variance += pow(call->inputs[X][p * channels + c] - mean, 2);
        variance /= (double)pixels;
        of_mean += pow(mean - call->inputs[RUNNING_MEAN][c], 2);
        of_variance += pow(variance - call->inputs[RUNNING_VAR][c], 2);
    }
    *y = sqrt(of_mean) + sqrt(of_variance);
}

#define CASE(n, h, w, c)                                                                           \
    {n, h, w, c}, {1, 1, 1, c}, { 1, 1, 1, c }

static rt_operator_test new_test(void)
{
    return (rt_operator_test){
        .build = build,
        .reference = reference,
        .input_count = 3,
        .inputs = {[RUNNING_MEAN] = {.no_gradient = true},
                   [RUNNING_VAR] = {.no_gradient = true, .low = 0.25, .high = 2}},
        .forward_tolerance = 3e-6,
        .gradient_tolerance = 2e-5,
        .seed = 1,
    };
}

Test(ops_batch_norm_statistics_loss, matches_reference_and_differences)
{
    /* Channels of 1, 3, 6 and 10 leave padding, 1100 are more than a workgroup; {4,65,67,6} has
     * three blocks, the last short. */
    const rt_shape shapes[] = {CASE(3, 5, 7, 1),    CASE(1, 3, 3, 3),  CASE(4, 65, 67, 6),
                               CASE(2, 17, 11, 10), CASE(5, 7, 3, 64), CASE(1, 1, 1, 3),
                               CASE(3, 1, 1, 1100), CASE(9, 1, 13, 8)};
    const rt_operator_test test = new_test();
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

/* A real network's features: far from zero, and running statistics close to the batch's. */
Test(ops_batch_norm_statistics_loss, keeps_digits_far_from_zero)
{
    const rt_shape shapes[] = {CASE(4, 33, 31, 6)};
    rt_operator_test test = new_test();
    test.inputs[X] = (rt_test_input){.low = 99, .high = 101};
    test.inputs[RUNNING_MEAN] = (rt_test_input){.no_gradient = true, .low = 99.5, .high = 100.5};
    test.forward_tolerance = test.gradient_tolerance = 1e-4; /* 100 * 2^-24 of differences of 0.1 */
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_batch_norm_statistics_loss, a_norm_of_zero_passes_no_gradient)
{
    /* Two channels over two pixels: mean {2,0}, variance {1,4}. */
    const float x[] = {1, -2, 3, 2}, mean[] = {2, 0}, variance[] = {1, 4}, other[] = {1, 2};
    float losses[3], gradients[3][4];
    const float *vectors[3][2] = {{mean, variance}, {other, variance}, {mean, other}};
    for (int i = 0; i < 3; i++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *features = rt_graph_constant(graph, "x", (rt_shape){1, 1, 2, 2}, x);
        rt_graph_require_gradient(graph, features);
        rt_tensor *loss =
            rt_batch_norm_statistics_loss(graph, features, rt_test_rows(graph, 1, 2, vectors[i][0]),
                                          rt_test_rows(graph, 1, 2, vectors[i][1]));
        rt_graph_differentiate(graph, loss);
        rt_test_evaluate(graph, 1, (rt_tensor *[]){loss, features->gradient},
                         (float *[]){&losses[i], gradients[i]}, 2);
    }
    cr_assert_eq(losses[0], 0);
    for (int i = 0; i < 4; i++) cr_assert_eq(gradients[0][i], 0, "%d: %g", i, gradients[0][i]);
    /* (1, -2) / sqrt 5 a channel, half of it a pixel. */
    cr_assert_float_eq(losses[1], sqrt(5), 1e-6);
    for (int i = 0; i < 4; i++)
        cr_assert_float_eq(gradients[1][i], (i % 2 == 0 ? 0.5 : -1) / sqrt(5), 1e-6);
    /* Variance differs by (0, 2): the second channel alone, 2 (x - mean) / 2. */
    cr_assert_float_eq(losses[2], 2, 1e-6);
    for (int i = 0; i < 4; i++)
        cr_assert_float_eq(gradients[2][i], i % 2 == 0 ? 0 : x[i], 1e-6, "%g", gradients[2][i]);
}

Test(ops_batch_norm_statistics_loss, refuses_statistics_of_other_channels)
{
    for (uint32_t wrong = RUNNING_MEAN; wrong <= RUNNING_VAR; wrong++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *x = rt_graph_input(graph, "x", (rt_shape){2, 3, 3, 6});
        rt_tensor *mean = rt_graph_state(graph, "mean", (rt_shape){1, 1, 1, 5 + (wrong != 1)});
        rt_tensor *variance =
            rt_graph_state(graph, "variance", (rt_shape){1, 1, 1, 5 + (wrong != 2)});
        cr_assert_null(rt_batch_norm_statistics_loss(graph, x, mean, variance));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
        rt_graph_free(graph);
    }
}
