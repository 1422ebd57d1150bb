#include "tests/ops/operator_test.h"

#include "common/ops/activation.h"

#include <criterion/criterion.h>
#include <math.h>

typedef struct activation {
    rt_activation_options options;
    double low, high; /* of x */
} activation;

/* Kinks lie beside what is drawn (draw_between). */
static const activation activations[] = {
    {{RT_ACTIVATE_CLIP, 0, 6}, -3, 9},
    {{RT_ACTIVATE_CLIP, 0.5f, 2}, -3, 3},
    {{RT_ACTIVATE_HARD_SIGMOID, 0.25f, 0.5f}, -4, 4},
    {{RT_ACTIVATE_HARD_SWISH, 0, 0}, -5, 5},
    {{RT_ACTIVATE_TANH, 0, 0}, -4, 4},
    {{RT_ACTIVATE_ELU, 0.7f, 0}, -4, 4},
    {{RT_ACTIVATE_GELU, 0, 0}, -4, 4},
    {{RT_ACTIVATE_GELU_TANH, 0, 0}, -4, 4},
    {{RT_ACTIVATE_SILU, 0, 0}, -6, 6},
    {{RT_ACTIVATE_SOFTPLUS, 0, 0}, -6, 6},
    {{RT_ACTIVATE_EXP, 0, 0}, -3, 3},
    {{RT_ACTIVATE_LOG, 0, 0}, 0.25, 4},
    {{RT_ACTIVATE_SQRT, 0, 0}, 0.25, 4},
    {{RT_ACTIVATE_NEGATE, 0, 0}, -3, 3},
    {{RT_ACTIVATE_ABS, 0, 0}, -3, 3},
    {{RT_ACTIVATE_ERF, 0, 0}, -3, 3},
    {{RT_ACTIVATE_POWER, 3, 0}, -2, 2},
    {{RT_ACTIVATE_POWER, -2, 0}, 0.5, 2},
    {{RT_ACTIVATE_POWER, 1.75f, 0}, 0.25, 3},
    {{RT_ACTIVATE_POWER, 19, 0}, -1.5, 1.5},
    {{RT_ACTIVATE_RECIPROCAL, 0, 0}, 0.25, 3},
};

static double value(const rt_activation_options *o, double x)
{
    switch (o->kind) {
    case RT_ACTIVATE_CLIP:
        return fmin(fmax(x, o->a), o->b);
    case RT_ACTIVATE_HARD_SIGMOID:
        return fmin(fmax(o->a * x + o->b, 0), 1);
    case RT_ACTIVATE_HARD_SWISH:
        return x * fmin(fmax(x + 3, 0), 6) / 6;
    case RT_ACTIVATE_TANH:
        return tanh(x);
    case RT_ACTIVATE_ELU:
        return x > 0 ? x : o->a * expm1(x);
    case RT_ACTIVATE_GELU:
        return 0.5 * x * erfc(-x / sqrt(2));
    case RT_ACTIVATE_GELU_TANH:
        return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * pow(x, 3))));
    case RT_ACTIVATE_SILU:
        return x / (1 + exp(-x));
    case RT_ACTIVATE_SOFTPLUS:
        return x > 50 ? x : log1p(exp(x));
    case RT_ACTIVATE_EXP:
        return exp(x);
    case RT_ACTIVATE_LOG:
        return log(x);
    case RT_ACTIVATE_SQRT:
        return sqrt(x);
    case RT_ACTIVATE_NEGATE:
        return -x;
    case RT_ACTIVATE_ABS:
        return fabs(x);
    case RT_ACTIVATE_ERF:
        return erf(x);
    case RT_ACTIVATE_POWER:
        return pow(x, o->a);
    case RT_ACTIVATE_RECIPROCAL:
        return 1 / x;
    case RT_ACTIVATE_COUNT:
        break;
    }
    return NAN;
}

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const activation *a = parameters;
    outputs[0] = rt_activate(graph, inputs[0], &a->options);
}

static void reference(const rt_reference_call *call, double *y)
{
    const activation *a = call->parameters;
    for (int64_t i = 0; i < call->output_count; i++) y[i] = value(&a->options, call->inputs[0][i]);
}

/* Odd multiples of 1/16. */
static void draw_between(const rt_test_draw *draw, float *values)
{
    const activation *a = draw->parameters;
    for (uint64_t i = 0; i < draw->count; i++) {
        const double x = a->low + (a->high - a->low) * rt_test_uniform(draw->seed, i);
        values[i] = (float)((floor(8 * x) + 0.5) / 8);
    }
}

Test(ops_activation, matches_reference_and_differences)
{
    /* Five channels leave padding; one number; more than a workgroup. */
    const rt_shape shapes[] = {{2, 5, 3, 5}, {1, 1, 1, 1}, {5, 16, 16, 5}};
    for (size_t i = 0; i < RT_COUNT(activations); i++) {
        const activation *a = &activations[i];
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = a,
            .inputs = {{.generate = draw_between}},
            .forward_tolerance = 3e-6, /* the device's exp, log and pow */
            .gradient_tolerance = 8e-6,
            .differences = 16,
            .seed = 1 + i,
        };
        rt_test_operator(&test, shapes, a->options.kind == RT_ACTIVATE_CLIP ? 3 : 2);
    }
}

static void draw_far(const rt_test_draw *draw, float *values)
{
    const float numbers[] = {-1000, -100, -30, 0.0625f, 30, 100, 1000};
    for (uint64_t i = 0; i < draw->count; i++) values[i] = numbers[i % RT_COUNT(numbers)];
}

/* Where exp overflows or vanishes, values and gradients are still those of the function. */
Test(ops_activation, far_from_zero)
{
    const activation far[] = {
        {.options = {.kind = RT_ACTIVATE_TANH}}, {.options = {.kind = RT_ACTIVATE_ELU, .a = 1}},
        {.options = {.kind = RT_ACTIVATE_GELU}}, {.options = {.kind = RT_ACTIVATE_GELU_TANH}},
        {.options = {.kind = RT_ACTIVATE_SILU}}, {.options = {.kind = RT_ACTIVATE_SOFTPLUS}},
        {.options = {.kind = RT_ACTIVATE_ERF}}};
    const rt_shape shape = {1, 1, 1, 7};
    for (size_t i = 0; i < RT_COUNT(far); i++) {
        const rt_operator_test test = {.build = build,
                                       .reference = reference,
                                       .parameters = &far[i],
                                       .inputs = {{.generate = draw_far}},
                                       .forward_tolerance = 3e-6,
                                       .gradient_tolerance = 1e-5,
                                       .seed = 1};
        rt_test_operator(&test, &shape, 1);
    }
}

Test(ops_activation, refuses_what_is_no_function)
{
    const rt_activation_options wrong[] = {
        {RT_ACTIVATE_COUNT, 0, 0}, {RT_ACTIVATE_CLIP, 1, 0}, {RT_ACTIVATE_ELU, NAN, 0}};
    for (size_t i = 0; i < RT_COUNT(wrong); i++) {
        rt_graph *graph;
        rt_test_ok(rt_graph_create(&graph));
        rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 1, 1, 4});
        cr_assert_null(rt_activate(graph, x, &wrong[i]));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
        rt_graph_free(graph);
    }
}
