#include "tests/ops/operator_test.h"

#include "common/ops/concat.h"

#include <criterion/criterion.h>

enum { TENSORS = 4 }; /* of a case; those that are left out are not joined */

static uint32_t present(rt_tensor *const *inputs, rt_tensor **tensors)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < TENSORS; i++)
        if (inputs[i] != NULL) tensors[count++] = inputs[i];
    return count;
}

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    rt_tensor *tensors[TENSORS];
    outputs[0] = rt_concat(graph, tensors, present(inputs, tensors));
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_shape s = call->output_shapes[0];
    const uint32_t pixels = s.n * s.h * s.w;
    for (uint32_t p = 0; p < pixels; p++)
        for (uint32_t i = 0; i < TENSORS; i++)
            for (uint32_t c = 0; c < call->input_shapes[i].c; c++)
                *y++ = call->inputs[i][p * call->input_shapes[i].c + c];
}

Test(ops_concat, matches_reference_and_differences)
{
    /* Aligned, shifted by 1, 2 and 3, a vec4 of two tensors, of four (a chain), a last tensor that
     * has no vec4 of its own. */
    const rt_shape shapes[][TENSORS] = {
        {{2, 5, 3, 8}, {2, 5, 3, 4}, {2, 5, 3, 12}, {0}},
        {{2, 5, 3, 3}, {2, 5, 3, 7}, {2, 5, 3, 5}, {2, 5, 3, 33}},
        {{3, 1, 1, 6}, {3, 1, 1, 6}, {0}, {0}},
        {{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 2}},
        {{2, 5, 3, 5}, {2, 5, 3, 1}, {0}, {0}},
    };
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .input_count = TENSORS,
        .forward_tolerance = 1e-7,
        .gradient_tolerance = 1e-6,
        .differences = 24,
        .seed = 1,
    };
    rt_test_operator(&test, shapes[0], RT_COUNT(shapes) * TENSORS);
}

enum { MANY = 15 }; /* more than a node takes */

static void build_many(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                       rt_tensor **outputs)
{
    (void)parameters;
    rt_tensor *tensors[MANY];
    for (uint32_t i = 0; i < MANY; i++) tensors[i] = inputs[i / 2 % 2];
    outputs[0] = rt_concat(graph, tensors, MANY);
}

static void reference_many(const rt_reference_call *call, double *y)
{
    const rt_shape s = call->output_shapes[0];
    for (uint32_t p = 0; p < s.n * s.h * s.w; p++)
        for (uint32_t i = 0; i < MANY; i++) {
            const uint32_t channels = call->input_shapes[i / 2 % 2].c;
            for (uint32_t c = 0; c < channels; c++)
                *y++ = call->inputs[i / 2 % 2][p * channels + c];
        }
}

/* Tensors beside themselves, too, and gradients that meet. */
Test(ops_concat, joins_more_than_a_node_takes)
{
    const rt_shape shapes[] = {{2, 1, 2, 4}, {2, 1, 2, 6}};
    const rt_operator_test test = {
        .build = build_many,
        .reference = reference_many,
        .input_count = 2,
        .forward_tolerance = 1e-7,
        .gradient_tolerance = 1e-6,
        .seed = 2,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

Test(ops_concat, of_one_tensor_is_that_tensor)
{
    rt_graph *graph;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){1, 2, 2, 3});
    cr_assert_eq(rt_concat(graph, &x, 1), x);
    rt_graph_free(graph);
}
