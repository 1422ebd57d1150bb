#include "common/ops/argmax.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_argmax(graph, inputs[0]);
}

static void reference(const rt_reference_call *call, double *y)
{
    const uint32_t classes = call->input_shapes[0].c;
    for (uint32_t i = 0; i < call->input_shapes[0].n; i++) {
        const double *logits = call->inputs[0] + (size_t)i * classes;
        uint32_t best = 0;
        for (uint32_t k = 1; k < classes; k++)
            if (logits[k] > logits[best]) best = k;
        y[i] = best;
    }
}

Test(ops_argmax, matches_reference)
{
    const rt_shape shapes[] = {
        {1, 1, 1, 1}, {5, 1, 1, 3}, {67, 1, 1, 10}, {300, 1, 1, 101}, {130, 1, 1, 64}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .inputs = {{.low = -6, .high = -1}}, /* the padding's zeros would win */
        .forward_tolerance = 1e-9,
        .no_gradient = true,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_argmax, takes_the_lowest_of_equals_and_no_nan)
{
    const float logits[][6] = {{-3, 2, 1, 2, 0, 2},
                               {7, 7, 7, 7, 7, 7},
                               {-3, -3, -4, -3, -2, -2},
                               {NAN, 1, NAN, 3, 2, NAN},
                               {NAN, NAN, NAN, NAN, -5, 0},
                               {NAN, NAN, NAN, NAN, NAN, NAN},
                               {-INFINITY, -1, -2, 3, INFINITY, NAN}};
    const float wanted[] = {1, 0, 4, 3, 5, 0, 4};
    float labels[7];
    rt_graph *graph = rt_test_graph();
    rt_tensor *label = rt_argmax(graph, rt_test_rows(graph, 7, 6, logits[0]));
    rt_test_evaluate(graph, 1, &label, (float *[]){labels}, 1);
    for (int i = 0; i < 7; i++) cr_assert_eq(labels[i], wanted[i], "row %d: %g", i, labels[i]);
}

Test(ops_argmax, passes_no_gradient_and_refuses_images)
{
    rt_graph *graph = rt_test_graph();
    rt_tensor *logits = rt_graph_state(graph, "logits", (rt_shape){2, 1, 1, 5});
    rt_graph_require_gradient(graph, logits);
    cr_assert_not(rt_argmax(graph, logits)->requires_gradient);
    cr_assert_null(rt_argmax(graph, rt_graph_input(graph, "x", (rt_shape){1, 2, 1, 4})));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    rt_graph_free(graph);
}
