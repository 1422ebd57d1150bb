#include "tests/ops/operator_test.h"

#include "common/ops/slice_channels.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const rt_slice_channels_attributes *o = parameters;
    outputs[0] = rt_slice_channels(graph, inputs[0], o->first, o->count);
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_slice_channels_attributes *o = call->parameters;
    const rt_shape x = call->input_shapes[0];
    for (uint32_t p = 0; p < x.n * x.h * x.w; p++)
        for (uint32_t c = 0; c < o->count; c++) *y++ = call->inputs[0][p * x.c + o->first + c];
}

Test(ops_slice_channels, matches_reference_and_differences)
{
    /* Whole vec4s, all places within a vec4, the last channels, and all of them. */
    const struct {
        rt_slice_channels_attributes slice;
        rt_shape shape;
    } cases[] = {{{8, 8}, {2, 5, 3, 20}},
                 {{29, 4}, {2, 5, 3, 33}},
                 {{2, 5}, {3, 1, 1, 7}},
                 {{3, 3}, {2, 5, 3, 7}},
                 {{0, 5}, {2, 1, 1, 5}}};
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &cases[i].slice,
            .forward_tolerance = 1e-7,
            .gradient_tolerance = 1e-6,
            .seed = 1 + i,
        };
        rt_test_operator(&test, &cases[i].shape, 1);
    }
}
