#include "tests/ops/operator_test.h"

#include "common/ops/channel_shuffle.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_channel_shuffle(graph, inputs[0], *(const uint32_t *)parameters);
}

/* The channels as a matrix with a row a group, transposed. */
static void reference(const rt_reference_call *call, double *y)
{
    const uint32_t groups = *(const uint32_t *)call->parameters;
    const rt_shape s = call->output_shapes[0];
    const uint32_t columns = s.c / groups;
    for (uint32_t p = 0; p < s.n * s.h * s.w; p++)
        for (uint32_t i = 0; i < groups; i++)
            for (uint32_t j = 0; j < columns; j++)
                y[p * s.c + j * groups + i] = call->inputs[0][p * s.c + i * columns + j];
}

Test(ops_channel_shuffle, matches_reference_and_differences)
{
    const struct {
        uint32_t groups;
        rt_shape shape;
    } cases[] = {{2, {2, 5, 3, 16}},
                 {3, {2, 5, 3, 33}},
                 {2, {3, 1, 1, 6}},
                 {1, {1, 1, 1, 7}},
                 {5, {1, 1, 2, 5}}};
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &cases[i].groups,
            .forward_tolerance = 1e-7,
            .gradient_tolerance = 1e-6,
            .seed = 1 + i,
        };
        rt_test_operator(&test, &cases[i].shape, 1);
    }
}
