#include "tests/ops/operator_test.h"

#include "common/base/random.h"
#include "common/ops/advance.h"
#include "common/ops/dot.h"
#include "common/ops/dropout.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_dropout(graph, inputs[0], parameters);
}

/* Whether channel c of pixel p is kept in a step, from Philox as the header says it. */
static bool kept(const rt_dropout_options *o, uint32_t step, rt_shape s, uint32_t p, uint32_t c)
{
    uint32_t draws[4];
    const uint32_t vec4s = (s.c + 3) / 4;
    rt_philox(o->seed, RT_STREAM_DROPOUT + 256 * o->layer, step, p * vec4s + c / 4, draws);
    return rt_random_uniform(draws[c % 4]) >= o->probability;
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_dropout_options *o = call->parameters;
    const rt_shape s = call->output_shapes[0];
    for (uint32_t p = 0; p < s.n * s.h * s.w; p++)
        for (uint32_t c = 0; c < s.c; c++)
            y[p * s.c + c] = kept(o, 0, s, p, c)
                                 ? call->inputs[0][p * s.c + c] / (1 - (double)o->probability)
                                 : 0;
}

Test(ops_dropout, matches_reference_and_differences)
{
    const rt_shape shapes[] = {{2, 5, 3, 7}, {1, 1, 1, 33}, {4, 1, 1, 3}, {8, 16, 16, 5}};
    const rt_dropout_options all[] = {{0.5f, 0x123456789abcdef, 0}, {0.1f, 7, 3}, {0, 7, 1}};
    for (size_t i = 0; i < RT_COUNT(all); i++) {
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &all[i],
            .forward_tolerance = 1e-6,
            .gradient_tolerance = 1e-5,
            .differences = 24,
            .seed = 1 + i,
        };
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

enum { NUMBERS = 64, STEPS = 3 };

/* Each step draws anew, and its backward pass sees the draws of its forward pass. */
Test(ops_dropout, draws_anew_in_every_step)
{
    const rt_dropout_options o = {0.5f, 11, 2};
    const rt_shape shape = {1, 1, 1, NUMBERS};
    float ones[NUMBERS], y[NUMBERS], gradient[NUMBERS];
    for (int i = 0; i < NUMBERS; i++) ones[i] = 1;
    for (uint32_t steps = 1; steps <= STEPS; steps++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *x = rt_graph_constant(graph, "x", shape, ones);
        rt_graph_require_gradient(graph, x);
        rt_tensor *dropped = rt_dropout(graph, x, &o);
        rt_graph_differentiate(
            graph, rt_dot(graph, dropped, rt_graph_constant(graph, "ones", shape, ones)));
        rt_advance(graph);
        rt_test_evaluate(graph, steps, (rt_tensor *[]){dropped, x->gradient},
                         (float *[]){y, gradient}, 2);
        for (uint32_t c = 0; c < NUMBERS; c++) {
            const float wanted = kept(&o, steps - 1, shape, 0, c) ? 2 : 0;
            cr_assert_eq(y[c], wanted, "step %u, number %u: %g", steps, c, y[c]);
            cr_assert_eq(gradient[c], wanted, "step %u, gradient %u: %g", steps, c, gradient[c]);
        }
    }
}

Test(ops_dropout, refuses_what_is_no_probability)
{
    const float wrong[] = {1, -0.5f};
    for (size_t i = 0; i < RT_COUNT(wrong); i++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 2, 2, 6});
        cr_assert_null(rt_dropout(graph, x, &(rt_dropout_options){.probability = wrong[i]}));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
        rt_graph_free(graph);
    }
}
