#include "common/ops/batch_norm.h"
#include "common/ops/dot.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

enum { X, WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR, RESIDUAL };

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const rt_batch_norm_options *o = parameters;
    const rt_batch_norm_inputs all = {inputs[WEIGHT], inputs[BIAS], inputs[RUNNING_MEAN],
                                      inputs[RUNNING_VAR], inputs[RESIDUAL]};
    outputs[0] = rt_batch_norm(graph, inputs[X], &all, o);
    if (o->update_statistics) {
        outputs[1] = inputs[RUNNING_MEAN];
        outputs[2] = inputs[RUNNING_VAR];
    }
}

/* Mean and biased variance of a channel in two passes. */
static void statistics(const double *x, uint64_t pixels, uint32_t channels, uint32_t c,
                       double *mean, double *variance)
{
    *mean = *variance = 0;
    for (uint64_t p = 0; p < pixels; p++) *mean += x[p * channels + c] / (double)pixels;
    for (uint64_t p = 0; p < pixels; p++)
        *variance += pow(x[p * channels + c] - *mean, 2) / (double)pixels;
}

static double activate(const rt_batch_norm_options *o, double v)
{
    switch (o->activation) {
    case RT_ACTIVATION_RELU:
        return fmax(v, 0);
    case RT_ACTIVATION_LEAKY_RELU:
        return v > 0 ? v : (double)o->negative_slope * v;
    case RT_ACTIVATION_RELU6:
        return fmin(fmax(v, 0), 6);
    default:
        return v;
    }
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_batch_norm_options *o = call->parameters;
    const rt_shape shape = call->input_shapes[X];
    const uint64_t pixels = rt_shape_pixels(shape);
    for (uint32_t c = 0; c < shape.c; c++) {
        double mean = call->inputs[RUNNING_MEAN][c], variance = call->inputs[RUNNING_VAR][c];
        if (o->training) statistics(call->inputs[X], pixels, shape.c, c, &mean, &variance);
        for (uint64_t p = 0; p < pixels; p++) {
            const double n =
                (call->inputs[X][p * shape.c + c] - mean) / sqrt(variance + (double)o->epsilon);
            double v = n * call->inputs[WEIGHT][c] + call->inputs[BIAS][c];
            if (call->inputs[RESIDUAL] != NULL) v += call->inputs[RESIDUAL][p * shape.c + c];
            y[p * shape.c + c] = activate(o, v);
        }
        if (!o->update_statistics) continue;
        const double m = (double)o->momentum, count = (double)pixels;
        call->outputs[1][c] = (1 - m) * call->inputs[RUNNING_MEAN][c] + m * mean;
        call->outputs[2][c] =
            (1 - m) * call->inputs[RUNNING_VAR][c] + m * variance * count / (count - 1);
    }
}

/* A case: x, the four vectors of its channels, and no residual. */
#define VECTORS(c)                                                                                 \
    {1, 1, 1, c}, {1, 1, 1, c}, {1, 1, 1, c}, { 1, 1, 1, c }
#define CASE(n, h, w, c)                                                                           \
    {n, h, w, c}, VECTORS(c), { 0 }
#define RESIDUAL_CASE(n, h, w, c)                                                                  \
    {n, h, w, c}, VECTORS(c), { n, h, w, c }

static rt_operator_test new_test(const rt_batch_norm_options *options)
{
    return (rt_operator_test){
        .build = build,
        .reference = reference,
        .parameters = options,
        .input_count = 6,
        .inputs = {[RUNNING_MEAN] = {.no_gradient = true},
                   [RUNNING_VAR] = {.no_gradient = true, .low = 0.25, .high = 2}},
        .forward_tolerance = 3e-6,
        .gradient_tolerance = 3e-5,
        .difference = 1e-7, /* small: one of 17420 values a channel may lie near the kink */
        .seed = 1,
    };
}

/* Channels of 1, 3, 6 and 10 leave padding; of 1100 need two groups of workgroups; odd pixel counts
 * leave the last block short, and {4,65,67,6} has three blocks. */
static const rt_shape shapes[] = {CASE(3, 5, 7, 1),  CASE(1, 3, 3, 3),    CASE(4, 65, 67, 6),
                                  CASE(9, 1, 13, 8), CASE(2, 17, 11, 10), CASE(5, 7, 3, 64),
                                  CASE(5, 1, 1, 3),  CASE(3, 1, 1, 1100)};

Test(ops_batch_norm, training_matches_reference_and_differences)
{
    const rt_batch_norm_options options[] = {
        {.training = true, .epsilon = 1e-5f},
        {.training = true, .epsilon = 1e-5f, .activation = RT_ACTIVATION_RELU},
        {.training = true,
         .epsilon = 1e-3f,
         .activation = RT_ACTIVATION_LEAKY_RELU,
         .negative_slope = 0.2f},
    };
    for (size_t i = 0; i < RT_COUNT(options); i++) {
        const rt_operator_test test = new_test(&options[i]);
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

Test(ops_batch_norm, running_statistics_match_reference_and_differences)
{
    const rt_batch_norm_options options[] = {
        {.epsilon = 1e-5f},
        {.epsilon = 1e-5f, .activation = RT_ACTIVATION_RELU},
        {.epsilon = 1e-3f, .activation = RT_ACTIVATION_LEAKY_RELU, .negative_slope = 0.2f},
    };
    for (size_t i = 0; i < RT_COUNT(options); i++) {
        rt_operator_test test = new_test(&options[i]);
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
        test.inputs[WEIGHT].no_gradient = test.inputs[BIAS].no_gradient = true; /* frozen */
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

/* Weights far from 0, so that many values are above 6. With a residual the activation's backward
 * pass is a kernel of its own. */
Test(ops_batch_norm, relu6_ends_at_six)
{
    const rt_shape cases[] = {CASE(4, 65, 67, 6), CASE(5, 7, 3, 64), RESIDUAL_CASE(2, 17, 11, 10)};
    const rt_batch_norm_options options[] = {
        {.epsilon = 1e-5f, .activation = RT_ACTIVATION_RELU6},
        {.training = true, .epsilon = 1e-5f, .activation = RT_ACTIVATION_RELU6},
    };
    for (size_t i = 0; i < RT_COUNT(options); i++)
        for (int frozen = 0; frozen <= 1; frozen++) {
            rt_operator_test test = new_test(&options[i]);
            test.inputs[WEIGHT] = (rt_test_input){.no_gradient = frozen, .low = 3, .high = 9};
            test.inputs[BIAS] = (rt_test_input){.no_gradient = frozen};
            rt_test_operator(&test, cases, RT_COUNT(cases));
        }
}

/* The end of a residual block. The residual's gradient has a place of its own, or (a block on
 * images that nobody trains) none. */
Test(ops_batch_norm, adds_a_residual_before_the_activation)
{
    const rt_shape residual_shapes[] = {RESIDUAL_CASE(4, 65, 67, 6), RESIDUAL_CASE(2, 17, 11, 10),
                                        RESIDUAL_CASE(5, 1, 1, 3), RESIDUAL_CASE(3, 5, 7, 1)};
    const rt_batch_norm_options options[] = {
        {.epsilon = 1e-5f},
        {.epsilon = 1e-5f, .activation = RT_ACTIVATION_RELU},
        {.training = true, .epsilon = 1e-5f},
        {.training = true,
         .epsilon = 1e-3f,
         .activation = RT_ACTIVATION_LEAKY_RELU,
         .negative_slope = 0.2f},
    };
    for (size_t i = 0; i < RT_COUNT(options); i++)
        for (unsigned left_out = 0; left_out < 4; left_out++) {
            rt_operator_test test = new_test(&options[i]);
            test.inputs[WEIGHT].no_gradient = test.inputs[BIAS].no_gradient = left_out & 1;
            test.inputs[RESIDUAL].no_gradient = left_out & 2;
            rt_test_operator(&test, residual_shapes, RT_COUNT(residual_shapes));
        }
}

Test(ops_batch_norm, moves_running_statistics_behind_a_residual)
{
    const rt_batch_norm_options options = {.training = true,
                                           .update_statistics = true,
                                           .momentum = 0.1f,
                                           .epsilon = 1e-5f,
                                           .activation = RT_ACTIVATION_RELU};
    const rt_shape residual_shapes[] = {RESIDUAL_CASE(2, 17, 11, 10)};
    rt_operator_test test = new_test(&options);
    test.no_gradient = true;
    rt_test_operator(&test, residual_shapes, RT_COUNT(residual_shapes));
}

Test(ops_batch_norm, moves_running_statistics)
{
    const rt_batch_norm_options options = {
        .training = true, .update_statistics = true, .momentum = 0.1f, .epsilon = 1e-5f};
    rt_operator_test test = new_test(&options);
    test.no_gradient = true;
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

/* Sums of squares in float would lose the variance: 300^2 has no digits left for 1/3. */
Test(ops_batch_norm, keeps_variance_of_values_far_from_zero)
{
    const rt_batch_norm_options options = {
        .training = true, .update_statistics = true, .momentum = 1, .epsilon = 1e-5f};
    const rt_shape far[] = {CASE(4, 65, 67, 6), CASE(3, 7, 5, 10)};
    rt_operator_test test = new_test(&options);
    test.inputs[X] = (rt_test_input){.low = 299, .high = 301};
    test.forward_tolerance = 5e-5; /* the mean itself has 24 bits: 300 * 2^-24 / deviation */
    test.no_gradient = true;
    rt_test_operator(&test, far, RT_COUNT(far));
}

/* Where y is 0 the activation has no derivative; the slope below 0 counts. */
Test(ops_batch_norm, takes_the_lower_slope_at_the_kink)
{
    const float x[] = {3, 5}, mean[] = {3, 4}, variance[] = {4, 4};
    const float weight[] = {1, 1}, bias[] = {0, -0.5f}; /* y is {0, 0} */
    for (int trained = 0; trained <= 1; trained++) {
        float y[2], gradient[2];
        const rt_batch_norm_options options = {.epsilon = 1e-20f, /* 4 + it is 4 */
                                               .activation = RT_ACTIVATION_LEAKY_RELU,
                                               .negative_slope = 0.25f};
        rt_graph *graph = rt_test_graph();
        rt_tensor *features = rt_test_rows(graph, 1, 2, x);
        rt_tensor *w = rt_test_rows(graph, 1, 2, weight);
        rt_graph_require_gradient(graph, features);
        if (trained) rt_graph_require_gradient(graph, w);
        rt_tensor *out = rt_batch_norm(
            graph, features,
            &(rt_batch_norm_inputs){.weight = w,
                                    .bias = rt_test_rows(graph, 1, 2, bias),
                                    .running_mean = rt_test_rows(graph, 1, 2, mean),
                                    .running_var = rt_test_rows(graph, 1, 2, variance)},
            &options);
        rt_tensor *loss = rt_dot(graph, out, rt_test_rows(graph, 1, 2, (float[]){1, 1}));
        rt_graph_differentiate(graph, loss);
        rt_test_evaluate(graph, 1, (rt_tensor *[]){out, features->gradient},
                         (float *[]){y, gradient}, 2);
        for (int i = 0; i < 2; i++) {
            cr_assert_eq(y[i], 0, "%g", y[i]);
            cr_assert_float_eq(gradient[i], 0.25 / 2, 1e-7, "%g", gradient[i]);
        }
    }
}

Test(ops_batch_norm, refuses_a_residual_of_another_shape)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_input(graph, "x", (rt_shape){2, 3, 5, 4});
    rt_tensor *residual = rt_graph_input(graph, "residual", (rt_shape){2, 5, 3, 4});
    rt_tensor *v = rt_graph_state(graph, "v", (rt_shape){1, 1, 1, 4});
    cr_assert_null(rt_batch_norm(graph, x, &(rt_batch_norm_inputs){v, v, v, v, residual},
                                 &(rt_batch_norm_options){.epsilon = 1e-5f}));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
}

Test(ops_batch_norm, refuses_what_does_not_fit)
{
    const rt_batch_norm_options training = {.training = true, .epsilon = 1e-5f};
    const rt_batch_norm_options no_epsilon = {.epsilon = 0};
    const struct {
        rt_shape x;
        uint32_t channels;
        const rt_batch_norm_options *options;
    } cases[] = {
        {{2, 3, 3, 4}, 5, &training}, {{1, 1, 1, 4}, 4, &training}, {{2, 3, 3, 4}, 4, &no_epsilon}};
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        rt_graph *graph;
        rt_test_ok(rt_graph_create(&graph));
        rt_tensor *x = rt_graph_input(graph, "x", cases[i].x);
        rt_tensor *v = rt_graph_state(graph, "v", (rt_shape){1, 1, 1, cases[i].channels});
        cr_assert_null(
            rt_batch_norm(graph, x, &(rt_batch_norm_inputs){v, v, v, v, NULL}, cases[i].options));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT, "case %zu", i);
        rt_graph_free(graph);
    }
}
