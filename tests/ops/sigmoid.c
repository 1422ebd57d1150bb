#include "tests/ops/operator_test.h"

#include "common/ops/sigmoid.h"

#include <criterion/criterion.h>
#include <math.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_sigmoid(graph, inputs[0]);
}

static void reference(const rt_reference_call *call, double *y)
{
    for (int64_t i = 0; i < call->output_count; i++) y[i] = 1 / (1 + exp(-call->inputs[0][i]));
}

Test(ops_sigmoid, matches_reference_and_differences)
{
    /* C of 1, 3 and 6 leave padding channels; 7 and 13 leave the last workgroup part empty; the
     * last takes several workgroups. */
    const rt_shape shapes[] = {{1, 1, 1, 1}, {2, 7, 5, 3}, {3, 1, 13, 6}, {8, 16, 16, 20}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .inputs = {{.low = -4, .high = 4}}, /* beyond, 1 - y loses its digits */
        .forward_tolerance = 2e-6,          /* the device's exp: a few units in the last place */
        .gradient_tolerance = 5e-6,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

static void generate_extremes(const rt_test_draw *draw, float *values)
{
    for (uint64_t i = 0; i < draw->count; i++) values[i] = (float)i * 50 - 100;
}

/* exp overflows on one side, and the gradient vanishes on both. */
Test(ops_sigmoid, extremes)
{
    const rt_shape shape = {1, 1, 1, 5}; /* -100, -50, 0, 50, 100 */
    const rt_operator_test test = {.build = build,
                                   .reference = reference,
                                   .inputs = {{.generate = generate_extremes}},
                                   .forward_tolerance = 2e-6,
                                   .gradient_tolerance = 5e-6,
                                   .seed = 1};
    rt_test_operator(&test, &shape, 1);
}
