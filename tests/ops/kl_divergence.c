#include "common/ops/kl_divergence.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

enum { TEACHER, STUDENT, MASK };

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] =
        rt_kl_divergence(graph, inputs[TEACHER], inputs[STUDENT], inputs[MASK], parameters);
}

static void softmax(const double *logits, uint32_t classes, double temperature, double *p)
{
    double sum = 0;
    for (uint32_t k = 0; k < classes; k++) sum += p[k] = exp(logits[k] / temperature);
    for (uint32_t k = 0; k < classes; k++) p[k] /= sum;
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_kl_options *o = call->parameters;
    const double temperature = o != NULL && o->temperature > 0 ? (double)o->temperature : 1;
    const uint32_t n = call->input_shapes[TEACHER].n, classes = call->input_shapes[TEACHER].c;
    double p[128], q[128];
    *y = 0;
    for (uint32_t i = 0; i < n; i++) {
        softmax(call->inputs[TEACHER] + (size_t)i * classes, classes, temperature, p);
        softmax(call->inputs[STUDENT] + (size_t)i * classes, classes, temperature, q);
        const double mask = call->inputs[MASK] != NULL ? call->inputs[MASK][i] : 1;
        for (uint32_t k = 0; k < classes; k++)
            *y += mask * temperature * temperature / n * p[k] * log(p[k] / q[k]);
    }
}

/* Two of three samples count; a mask may also be a weight. */
static void draw_mask(const rt_test_draw *draw, float *values)
{
    for (uint64_t i = 0; i < draw->count; i++) values[i] = i % 3 == 1 ? 0 : i % 3 == 2 ? 1 : 0.5f;
}

#define CASE(n, k)                                                                                 \
    {n, 1, 1, k}, {n, 1, 1, k}, { n, 1, 1, 1 }
#define UNMASKED_CASE(n, k)                                                                        \
    {n, 1, 1, k}, {n, 1, 1, k}, { 0, 0, 0, 0 }

static const rt_shape shapes[] = {CASE(5, 3), CASE(67, 10), CASE(300, 101), UNMASKED_CASE(3, 2),
                                  UNMASKED_CASE(67, 10)};

static rt_operator_test new_test(const rt_kl_options *options)
{
    return (rt_operator_test){
        .build = build,
        .reference = reference,
        .parameters = options,
        .input_count = 3,
        .inputs = {[TEACHER] = {.low = -5, .high = 5},
                   [STUDENT] = {.low = -5, .high = 5},
                   [MASK] = {.kind = RT_TEST_HOST, .no_gradient = true, .generate = draw_mask}},
        .forward_tolerance = 1e-5,
        .gradient_tolerance = 5e-5,
        .seed = 1,
    };
}

Test(ops_kl_divergence, matches_reference_and_differences)
{
    const rt_kl_options options[] = {{.temperature = 4}, {.temperature = 0.5f}, {0}};
    for (size_t i = 0; i < RT_COUNT(options); i++) {
        const rt_operator_test test = new_test(&options[i]);
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
    const rt_operator_test test = new_test(NULL);
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

/* At 20 both softmax are nearly flat and the divergence is what is left of numbers 100 times its
 * size: digits go, by the nature of the formula. */
Test(ops_kl_divergence, keeps_digits_at_a_high_temperature)
{
    rt_operator_test test = new_test(&(rt_kl_options){.temperature = 20});
    test.forward_tolerance = test.gradient_tolerance = 5e-5;
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_kl_divergence, one_side_alone_may_want_a_gradient)
{
    const rt_kl_options options = {.temperature = 2};
    for (uint32_t side = TEACHER; side <= STUDENT; side++) {
        rt_operator_test test = new_test(&options);
        test.inputs[side].no_gradient = true;
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

Test(ops_kl_divergence, is_zero_between_equals_and_finite_far_apart)
{
    const float teacher[] = {3, -2, 500, 900, -900, 0}, student[] = {3, -2, 500, -900, 900, 0};
    float equal, apart;
    rt_graph *graph = rt_test_graph();
    rt_tensor *t = rt_test_rows(graph, 2, 3, teacher), *s = rt_test_rows(graph, 2, 3, student);
    rt_tensor *first = rt_test_rows(graph, 2, 1, (float[]){1, 0});
    rt_tensor *second = rt_test_rows(graph, 2, 1, (float[]){0, 1});
    rt_tensor *losses[] = {rt_kl_divergence(graph, t, s, first, NULL),
                           rt_kl_divergence(graph, t, s, second, NULL)};
    rt_test_evaluate(graph, 1, losses, (float *[]){&equal, &apart}, 2);
    cr_assert_float_eq(equal, 0, 1e-6, "%g", equal);
    cr_assert_float_eq(apart, 1800 / 2, 1e-3, "%g", apart);
}

Test(ops_kl_divergence, refuses_what_does_not_fit)
{
    const struct {
        rt_shape teacher, student, mask;
        float temperature;
    } cases[] = {{{2, 1, 1, 5}, {2, 1, 1, 4}, {2, 1, 1, 1}, 1},
                 {{2, 1, 2, 5}, {2, 1, 2, 5}, {2, 1, 1, 1}, 1},
                 {{2, 1, 1, 5}, {2, 1, 1, 5}, {1, 1, 1, 1}, 1},
                 {{2, 1, 1, 5}, {2, 1, 1, 5}, {2, 1, 1, 1}, -1}};
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *teacher = rt_graph_input(graph, "teacher", cases[i].teacher);
        rt_tensor *student = rt_graph_input(graph, "student", cases[i].student);
        rt_tensor *mask = rt_graph_input(graph, "mask", cases[i].mask);
        const rt_kl_options options = {.temperature = cases[i].temperature};
        cr_assert_null(rt_kl_divergence(graph, teacher, student, mask, &options));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT, "case %zu", i);
        rt_graph_free(graph);
    }
}
