#include "common/ops/cross_entropy.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

typedef struct parameters {
    float smoothing;
    uint32_t classes;
} parameters;

static void build(rt_graph *graph, const void *parameters_, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const parameters *p = parameters_;
    outputs[0] = rt_cross_entropy(graph, inputs[0], inputs[1], p->smoothing);
}

static void reference(const rt_reference_call *call, double *y)
{
    const parameters *p = call->parameters;
    const uint32_t n = call->input_shapes[0].n, classes = call->input_shapes[0].c;
    *y = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double *logits = call->inputs[0] + (size_t)i * classes;
        const double label = call->inputs[1][i];
        double sum = 0;
        for (uint32_t k = 0; k < classes; k++) sum += exp(logits[k]);
        for (uint32_t k = 0; k < classes && label >= 0; k++) {
            const double smoothing = (double)p->smoothing;
            const double q = smoothing / classes + (label == k ? 1 - smoothing : 0);
            *y -= q * log(exp(logits[k]) / sum) / n;
        }
    }
}

/* Labels of all classes, and one sample in eight without a label. */
static void draw_labels(const rt_test_draw *draw, float *values)
{
    const parameters *p = draw->parameters;
    for (uint64_t i = 0; i < draw->count; i++) {
        const double u = rt_test_uniform(draw->seed, i);
        values[i] = i % 8 == 5 ? -1 : (float)floor(u * p->classes);
    }
}

Test(ops_cross_entropy, matches_reference_and_differences)
{
    /* Classes of 1, 3, 10 and 101 leave padding; samples of 3, 67 and 300 leave workgroups, and the
     * sum over samples, part empty. */
    const rt_shape logits[] = {{1, 1, 1, 1}, {3, 1, 1, 3}, {67, 1, 1, 10}, {300, 1, 1, 101}};
    const float smoothings[] = {0, 0.1f, 0.9f};
    for (size_t i = 0; i < RT_COUNT(logits); i++) {
        for (size_t s = 0; s < RT_COUNT(smoothings); s++) {
            const parameters p = {smoothings[s], logits[i].c};
            const rt_operator_test test = {
                .build = build,
                .reference = reference,
                .parameters = &p,
                .input_count = 2,
                .inputs = {{.low = -6, .high = 6},
                           {.kind = RT_TEST_HOST, .no_gradient = true, .generate = draw_labels}},
                .forward_tolerance = 2e-6,
                .gradient_tolerance = 1e-5,
                .seed = 1 + i,
            };
            rt_test_operator(&test, (rt_shape[]){logits[i], {logits[i].n, 1, 1, 1}}, 2);
        }
    }
}

/* exp(1000) is no float: the largest logit is subtracted first, the padding's zeros are no logits.
 */
Test(ops_cross_entropy, large_logits_stay_finite)
{
    const float logits[] = {1000, 990, -1000, -1000, -1001, -1002};
    float loss, gradient[6];
    rt_graph *graph = rt_test_graph();
    rt_tensor *x = rt_test_rows(graph, 2, 3, logits);
    rt_graph_require_gradient(graph, x);
    rt_tensor *y = rt_cross_entropy(graph, x, rt_test_rows(graph, 2, 1, (float[]){1, 0}), 0);
    rt_graph_differentiate(graph, y);
    rt_test_evaluate(graph, 1, (rt_tensor *[]){y, x->gradient}, (float *[]){&loss, gradient}, 2);
    const double second = log(1 + exp(-1) + exp(-2));
    cr_assert_float_eq(loss, (10 + log1p(exp(-10)) + second) / 2, 1e-5, "%g", loss);
    cr_assert_float_eq(gradient[1], (1 / (1 + exp(10)) - 1) / 2, 1e-6, "%g", gradient[1]);
    cr_assert_float_eq(gradient[3], (exp(-second) - 1) / 2, 1e-6, "%g", gradient[3]);
}

Test(ops_cross_entropy, refuses_what_does_not_fit)
{
    const struct {
        rt_shape logits, labels;
        float smoothing;
    } cases[] = {{{2, 1, 1, 5}, {3, 1, 1, 1}, 0},
                 {{2, 1, 1, 5}, {2, 1, 1, 5}, 0},
                 {{2, 2, 1, 5}, {2, 1, 1, 1}, 0},
                 {{2, 1, 1, 5}, {2, 1, 1, 1}, 1},
                 {{2, 1, 1, 5}, {2, 1, 1, 1}, -0.1f}};
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *logits = rt_graph_input(graph, "logits", cases[i].logits);
        rt_tensor *labels = rt_graph_input(graph, "labels", cases[i].labels);
        cr_assert_null(rt_cross_entropy(graph, logits, labels, cases[i].smoothing));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT, "case %zu", i);
        rt_graph_free(graph);
    }
}
