#include "common/ops/pairwise_distance.h"

#include "common/ops/dot.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_pairwise_distance(graph, inputs[0], *(const float *)parameters);
}

static void reference(const rt_reference_call *call, double *y)
{
    const double shift = *(const float *)call->parameters;
    const uint32_t n = call->input_shapes[0].n, size = call->input_shapes[0].c;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            double squares = 0;
            for (uint32_t c = 0; c < size; c++) {
                const double a = call->inputs[0][(size_t)i * size + c];
                const double b = call->inputs[0][(size_t)j * size + c];
                squares += (a - b + shift) * (a - b + shift);
            }
            y[(size_t)i * n + j] = i == j ? 1 : sqrt(squares);
        }
}

Test(ops_pairwise_distance, matches_reference_and_finite_differences)
{
    /* N of 1, 5, 13 and 67 leave padding columns, part tiles and part workgroups. */
    const rt_shape shapes[] = {{1, 1, 1, 3}, {5, 1, 1, 6}, {13, 1, 1, 10}, {67, 1, 1, 64}};
    /* The last, absurdly large, shows the shift's own part of the gradient. */
    const float shifts[] = {0, 1e-6f, 0.3f};
    for (size_t s = 0; s < RT_COUNT(shifts); s++) {
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &shifts[s],
            .forward_tolerance = 2e-6,
            .gradient_tolerance = 2e-5,
            .seed = 37,
        };
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

enum { COUNT = 3, SIZE = 4 };

/* Distances of three vectors of which the first two are equal, and the gradient of sum(d_ij). */
static void equal_vectors(float shift, float distances[COUNT * COUNT], float gradient[COUNT * SIZE])
{
    const float x[COUNT * SIZE] = {0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 1, 0, 0, 0};
    float ones[COUNT * COUNT];
    for (int i = 0; i < COUNT * COUNT; i++) ones[i] = 1;
    rt_graph *graph = rt_test_graph();
    rt_tensor *vectors = rt_test_rows(graph, COUNT, SIZE, x);
    rt_graph_require_gradient(graph, vectors);
    rt_tensor *d = rt_pairwise_distance(graph, vectors, shift);
    rt_graph_differentiate(graph, rt_dot(graph, d, rt_test_rows(graph, COUNT, COUNT, ones)));
    rt_test_ok(rt_graph_status(graph));
    rt_test_evaluate(graph, 1, (rt_tensor *[]){d, vectors->gradient},
                     (float *[]){distances, gradient}, 2);
}

Test(ops_pairwise_distance, equal_vectors_have_the_least_distance_and_a_finite_gradient)
{
    float d[COUNT * COUNT], gradient[COUNT * SIZE];
    equal_vectors(0, d, gradient);
    cr_assert_float_eq(d[1], 1e-6, 1e-9);
    cr_assert_float_eq(d[0], 1, 0);
    /* Only the third vector pulls, at distance 1: the two equal ones have the same gradient. */
    for (int c = 0; c < SIZE; c++) {
        cr_assert_float_eq(gradient[c], 2 * (c == 0 ? -0.5 : 0.5), 1e-5);
        cr_assert_float_eq(gradient[SIZE + c], gradient[c], 0);
    }
}

Test(ops_pairwise_distance, the_shift_separates_equal_vectors)
{
    float d[COUNT * COUNT], gradient[COUNT * SIZE];
    equal_vectors(1e-6f, d, gradient);
    cr_assert_float_eq(d[1], 2e-6, 1e-11); /* sqrt(4) * 1e-6 */
    /* d_01 and d_10 pull in opposite directions: nothing is left of them. */
    for (int c = 0; c < SIZE; c++)
        cr_assert_float_eq(gradient[c], 2 * (c == 0 ? -0.5 : 0.5), 1e-5, "channel %d: %g", c,
                           gradient[c]);
}
