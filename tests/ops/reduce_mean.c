#include "tests/ops/operator_test.h"

#include "common/ops/reduce_mean.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const rt_reduce_mean_attributes *over = parameters;
    outputs[0] = rt_reduce_mean(graph, inputs[0], over->over_pixels, over->over_channels);
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_reduce_mean_attributes *over = call->parameters;
    const rt_shape x = call->input_shapes[0];
    const uint32_t pixels = x.h * x.w;
    const double share = 1.0 / ((over->over_pixels ? pixels : 1) * (over->over_channels ? x.c : 1));
    for (int64_t i = 0; i < call->output_count; i++) y[i] = 0;
    for (uint32_t n = 0; n < x.n; n++)
        for (uint32_t p = 0; p < pixels; p++)
            for (uint32_t c = 0; c < x.c; c++) {
                const uint32_t row = over->over_pixels ? n : n * pixels + p;
                const uint32_t to = over->over_channels ? row : row * x.c + c;
                y[to] += share * call->inputs[0][(n * pixels + p) * x.c + c];
            }
}

Test(ops_reduce_mean, matches_reference_and_differences)
{
    const rt_reduce_mean_attributes all[] = {{true, false}, {false, true}, {true, true}};
    const rt_shape shapes[] = {{2, 5, 3, 7}, {3, 1, 1, 33}, {2, 20, 21, 5}};
    for (size_t i = 0; i < RT_COUNT(all); i++) {
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &all[i],
            .forward_tolerance = 1e-6,
            .gradient_tolerance = 1e-5,
            .differences = 16,
            .seed = 1 + i,
        };
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

Test(ops_reduce_mean, over_nothing_is_the_tensor)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 2, 2, 3});
    cr_assert_eq(rt_reduce_mean(graph, x, false, false), x);
    rt_graph_free(graph);
}
