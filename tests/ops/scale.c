#include "tests/ops/operator_test.h"

#include "common/ops/scale.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_scale(graph, inputs[0], *(const float *)parameters);
}

static void reference(const rt_reference_call *call, double *y)
{
    const double factor = *(const float *)call->parameters;
    for (int64_t i = 0; i < call->output_count; i++) y[i] = factor * call->inputs[0][i];
}

Test(ops_scale, matches_reference_and_differences)
{
    /* C of 1, 3 and 6 leave padding channels; 7 and 13 leave the last workgroup part empty; the
     * last takes several workgroups. */
    const rt_shape shapes[] = {{1, 1, 1, 1}, {2, 7, 5, 3}, {3, 1, 13, 6}, {8, 16, 16, 20}};
    const float factor = -2.5f;
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .parameters = &factor,
        .forward_tolerance = 2e-7,
        .gradient_tolerance = 1e-6,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}
