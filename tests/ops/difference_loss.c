#include "common/ops/l1_loss.h"
#include "common/ops/l2_loss.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

enum { A, B, MASK };

typedef rt_tensor *(*loss_function)(rt_graph *, rt_tensor *, rt_tensor *, rt_tensor *);

typedef struct parameters {
    loss_function loss;
    double power;
} parameters;

static const parameters losses[] = {{rt_l1_loss, 1}, {rt_l2_loss, 2}};

static void build(rt_graph *graph, const void *parameters_, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const parameters *p = parameters_;
    outputs[0] = p->loss(graph, inputs[A], inputs[B], inputs[MASK]);
}

static void reference(const rt_reference_call *call, double *y)
{
    const parameters *p = call->parameters;
    const rt_shape shape = call->input_shapes[A];
    const uint64_t numbers = (uint64_t)shape.h * shape.w * shape.c; /* of a sample */
    double sum = 0;
    for (uint64_t i = 0; i < shape.n * numbers; i++) {
        const double mask = call->inputs[MASK] != NULL ? call->inputs[MASK][i / numbers] : 1;
        sum += mask * pow(fabs(call->inputs[A][i] - call->inputs[B][i]), p->power);
    }
    *y = sum / (double)(shape.n * numbers);
}

/* Multiples of 1/64, and the middles between them: a and b never meet, where L1 has a kink. */
static void draw_multiples(const rt_test_draw *draw, float *values)
{
    for (uint64_t i = 0; i < draw->count; i++)
        values[i] = (float)(floor(128 * rt_test_uniform(draw->seed, i)) / 64 - 1);
}

static void draw_middles(const rt_test_draw *draw, float *values)
{
    draw_multiples(draw, values);
    for (uint64_t i = 0; i < draw->count; i++) values[i] += 1.0f / 128;
}

#define CASE(n, h, w, c)                                                                           \
    {n, h, w, c}, {n, h, w, c}, { n, 1, 1, 1 }
#define UNMASKED_CASE(n, h, w, c)                                                                  \
    {n, h, w, c}, {n, h, w, c}, { 0, 0, 0, 0 }

static rt_operator_test new_test(const parameters *p)
{
    return (rt_operator_test){
        .build = build,
        .reference = reference,
        .parameters = p,
        .input_count = 3,
        .inputs = {[A] = {.generate = draw_multiples},
                   [B] = {.generate = draw_middles},
                   [MASK] = {.kind = RT_TEST_HOST, .no_gradient = true, .low = 0, .high = 2}},
        .forward_tolerance = 2e-6,
        .gradient_tolerance = 2e-6,
        .seed = 1,
    };
}

Test(ops_difference_loss, match_reference_and_differences)
{
    /* {7,33,31,10} has several partial sums, the last of them short. */
    const rt_shape shapes[] = {CASE(1, 1, 1, 1),           CASE(2, 7, 5, 3),
                               CASE(3, 1, 13, 6),          CASE(7, 33, 31, 10),
                               CASE(67, 1, 1, 10),         UNMASKED_CASE(2, 7, 5, 3),
                               UNMASKED_CASE(5, 1, 1, 101)};
    for (size_t i = 0; i < RT_COUNT(losses); i++) {
        const rt_operator_test test = new_test(&losses[i]);
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

/* More vec4s than 128 partial sums have at their usual size. */
Test(ops_difference_loss, match_reference_on_a_large_tensor)
{
    const rt_shape shapes[] = {CASE(3, 211, 300, 11)};
    for (size_t i = 0; i < RT_COUNT(losses); i++) {
        rt_operator_test test = new_test(&losses[i]);
        test.no_gradient = true;
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

Test(ops_difference_loss, one_side_alone_may_want_a_gradient)
{
    const rt_shape shapes[] = {CASE(2, 7, 5, 3)};
    for (size_t i = 0; i < RT_COUNT(losses); i++) {
        for (uint32_t side = A; side <= B; side++) {
            rt_operator_test test = new_test(&losses[i]);
            test.inputs[side].no_gradient = true;
            rt_test_operator(&test, shapes, RT_COUNT(shapes));
        }
    }
}

Test(ops_difference_loss, no_gradient_passes_between_equals)
{
    const float a[] = {1, 2, 3}, b[] = {1, 5, -4};
    float gradients[2][3];
    for (size_t i = 0; i < RT_COUNT(losses); i++) {
        rt_graph *graph = rt_test_graph();
        rt_tensor *x = rt_test_rows(graph, 1, 3, a);
        rt_graph_require_gradient(graph, x);
        rt_tensor *y = losses[i].loss(graph, x, rt_test_rows(graph, 1, 3, b), NULL);
        rt_graph_differentiate(graph, y);
        rt_test_evaluate(graph, 1, &x->gradient, (float *[]){gradients[i]}, 1);
        cr_assert_eq(gradients[i][0], 0, "%g", gradients[i][0]);
    }
    cr_assert_float_eq(gradients[0][1], -1.0 / 3, 1e-7);
    cr_assert_float_eq(gradients[0][2], 1.0 / 3, 1e-7);
    cr_assert_float_eq(gradients[1][1], -2.0, 1e-6);
    cr_assert_float_eq(gradients[1][2], 2 * 7.0 / 3, 1e-6);
}

Test(ops_difference_loss, refuse_what_does_not_fit)
{
    const rt_shape cases[][3] = {{{2, 3, 3, 4}, {2, 3, 3, 5}, {2, 1, 1, 1}},
                                 {{2, 3, 3, 4}, {2, 3, 3, 4}, {3, 1, 1, 1}},
                                 {{2, 3, 3, 4}, {2, 3, 3, 4}, {2, 3, 3, 1}}};
    for (size_t i = 0; i < RT_COUNT(losses) * RT_COUNT(cases); i++) {
        const rt_shape *shapes = cases[i / RT_COUNT(losses)];
        rt_graph *graph = rt_test_graph();
        cr_assert_null(losses[i % RT_COUNT(losses)].loss(
            graph, rt_graph_input(graph, "a", shapes[A]), rt_graph_input(graph, "b", shapes[B]),
            rt_graph_input(graph, "m", shapes[MASK])));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT, "case %zu", i);
        rt_graph_free(graph);
    }
}
