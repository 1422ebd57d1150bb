#include "tests/ops/operator_test.h"

#include "common/ops/upsample_nearest.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_upsample_nearest(graph, inputs[0], *(const uint32_t *)parameters);
}

static void reference(const rt_reference_call *call, double *y)
{
    const uint32_t factor = *(const uint32_t *)call->parameters;
    const rt_shape from = call->input_shapes[0], to = call->output_shapes[0];
    for (uint32_t n = 0; n < to.n; n++)
        for (uint32_t h = 0; h < to.h; h++)
            for (uint32_t w = 0; w < to.w; w++)
                for (uint32_t c = 0; c < to.c; c++)
                    y[((n * to.h + h) * to.w + w) * to.c + c] =
                        call->inputs[0][((n * from.h + h / factor) * from.w + w / factor) * from.c +
                                        c];
}

Test(ops_upsample_nearest, matches_reference_and_differences)
{
    const rt_shape shapes[] = {{1, 1, 1, 1}, {2, 3, 5, 3}, {3, 4, 7, 6}};
    for (uint32_t factor = 1; factor <= 3; factor++) {
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &factor,
            .forward_tolerance = 2e-7,
            .gradient_tolerance = 1e-6,
            .seed = factor,
        };
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}
