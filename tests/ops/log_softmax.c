#include "common/ops/log_softmax.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_log_softmax(graph, inputs[0]);
}

static void reference(const rt_reference_call *call, double *y)
{
    const uint32_t classes = call->input_shapes[0].c;
    for (uint32_t i = 0; i < call->input_shapes[0].n; i++) {
        const double *logits = call->inputs[0] + (size_t)i * classes;
        double sum = 0;
        for (uint32_t k = 0; k < classes; k++) sum += exp(logits[k]);
        for (uint32_t k = 0; k < classes; k++) y[(size_t)i * classes + k] = logits[k] - log(sum);
    }
}

Test(ops_log_softmax, matches_reference_and_differences)
{
    const rt_shape shapes[] = {{1, 1, 1, 1}, {3, 1, 1, 2}, {5, 1, 1, 7}, {67, 1, 1, 33}};
    rt_operator_test test = {
        .build = build,
        .reference = reference,
        .inputs = {{.low = -6, .high = 6}},
        .forward_tolerance = 2e-6,
        .gradient_tolerance = 1e-5,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
    /* exp overflows in float and, below, leaves nothing: padding zeros must not count. The logits'
     * own digits end at 3e-5. */
    test.forward_tolerance = 3e-5;
    test.gradient_tolerance = 1e-4;
    test.inputs[0] = (rt_test_input){.low = 600, .high = 610};
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
    test.inputs[0] = (rt_test_input){.low = -610, .high = -600};
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_log_softmax, refuses_images)
{
    rt_graph *graph = rt_test_graph();
    cr_assert_null(rt_log_softmax(graph, rt_graph_input(graph, "x", (rt_shape){1, 2, 1, 4})));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
}
