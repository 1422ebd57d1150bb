#include "tests/ops/operator_test.h"

#include "common/ops/dot.h"
#include "common/ops/scale.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_dot(graph, inputs[0], inputs[1]);
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_shape shape = call->input_shapes[0];
    *y = 0;
    for (uint64_t i = 0; i < rt_shape_pixels(shape) * shape.c; i++)
        *y += call->inputs[0][i] * call->inputs[1][i];
}

Test(ops_dot, matches_reference_and_differences)
{
    /* The third takes several partial sums, the last more than one round of each. */
    const rt_shape shapes[] = {{1, 1, 1, 1},     {1, 1, 1, 1},    {2, 7, 5, 3},
                               {2, 7, 5, 3},     {9, 16, 16, 23}, {9, 16, 16, 23},
                               {33, 64, 64, 18}, {33, 64, 64, 18}};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .input_count = 2,
        .inputs = {{.low = 0.5, .high = 1}, {.low = 0.5, .high = 1}}, /* nothing cancels */
        .forward_tolerance = 1e-6,
        .gradient_tolerance = 1e-6,
        .difference = 0.01, /* linear in each: no step is too long, and sums this large need one */
        .differences = 4,
        .seed = 1,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

static void build_squares(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                          rt_tensor **outputs)
{
    (void)parameters;
    outputs[0] = rt_dot(graph, inputs[0], inputs[0]);
}

static void reference_squares(const rt_reference_call *call, double *y)
{
    const rt_shape shape = call->input_shapes[0];
    *y = 0;
    for (uint64_t i = 0; i < rt_shape_pixels(shape) * shape.c; i++)
        *y += call->inputs[0][i] * call->inputs[0][i];
}

Test(ops_dot, of_a_tensor_with_itself)
{
    const rt_shape shape = {3, 5, 5, 6};
    const rt_operator_test test = {.build = build_squares,
                                   .reference = reference_squares,
                                   .forward_tolerance = 1e-6,
                                   .gradient_tolerance = 1e-6,
                                   .seed = 2};
    rt_test_operator(&test, &shape, 1);
}

/* A copy: what reads a weight in the backward pass is given its transpose. */
static void build_squares_of_copy(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                                  rt_tensor **outputs)
{
    (void)parameters;
    rt_tensor *copy = rt_scale(graph, inputs[0], 1);
    outputs[0] = rt_dot(graph, copy, copy);
}

/* The sum of squares does not depend on how a parameter lies in memory: this shows that the values
 * go there and the gradients come back, and that the padding between them is 0. */
Test(ops_dot, of_a_parameter_with_itself)
{
    const struct {
        rt_parameter_layout layout;
        rt_shape dims; /* of the file */
    } parameters[] = {{RT_LAYOUT_CONVOLUTION, {5, 3, 3, 2}},
                      {RT_LAYOUT_LINEAR, {7, 6, 1, 1}},
                      {RT_LAYOUT_VECTOR, {5, 1, 1, 1}},
                      {RT_LAYOUT_DENSE, {3, 2, 1, 5}}};
    for (size_t i = 0; i < RT_COUNT(parameters); i++) {
        const rt_operator_test test = {
            .build = build_squares_of_copy,
            .reference = reference_squares,
            .inputs = {{.kind = RT_TEST_PARAMETER, .layout = parameters[i].layout}},
            .forward_tolerance = 1e-6,
            .gradient_tolerance = 1e-6,
            .seed = 3 + i,
        };
        rt_test_operator(&test, &parameters[i].dims, 1);
    }
}
