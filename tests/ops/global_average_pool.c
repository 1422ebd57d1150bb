#include "tests/ops/operator_test.h"

#include "common/ops/global_average_pool.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_global_average_pool(graph, inputs[0]);
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_shape s = call->input_shapes[0];
    for (uint64_t i = 0; i < s.n * s.c; i++) y[i] = 0;
    for (uint64_t i = 0; i < rt_shape_pixels(s) * s.c; i++)
        y[i / ((uint64_t)s.h * s.w * s.c) * s.c + i % s.c] += call->inputs[0][i] / (s.h * s.w);
}

Test(ops_global_average_pool, matches_reference_and_differences)
{
    const rt_shape shapes[] = {{1, 1, 1, 1}, {2, 7, 5, 3}, {37, 4, 4, 6}, {5, 8, 8, 64}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .forward_tolerance = 1e-6,
        .gradient_tolerance = 1e-6,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}
