#include "tests/ops/operator_test.h"

#include "common/ops/pad.h"

#include <criterion/criterion.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const rt_pad_attributes *o = parameters;
    outputs[0] = rt_pad(graph, inputs[0], o->sides, o->value);
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_pad_attributes *o = call->parameters;
    const rt_shape x = call->input_shapes[0], s = call->output_shapes[0];
    for (int64_t i = 0; i < call->output_count; i++) y[i] = o->value;
    for (uint32_t n = 0; n < x.n; n++)
        for (uint32_t h = 0; h < x.h; h++)
            for (uint32_t w = 0; w < x.w; w++)
                for (uint32_t c = 0; c < x.c; c++)
                    y[((n * s.h + h + o->sides.top) * s.w + w + o->sides.left) * s.c + c] =
                        call->inputs[0][((n * x.h + h) * x.w + w) * x.c + c];
}

Test(ops_pad, matches_reference_and_differences)
{
    const struct {
        rt_pad_attributes pad;
        rt_shape shape;
    } cases[] = {{{{1, 2, 3, 0}, 0}, {2, 5, 3, 7}},
                 {{{0, 1, 1, 2}, -1.5f}, {2, 5, 3, 5}},
                 {{{2, 2, 2, 2}, 0.25f}, {3, 1, 1, 33}}};
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &cases[i].pad,
            .forward_tolerance = 1e-7,
            .gradient_tolerance = 1e-6,
            .seed = 1 + i,
        };
        rt_test_operator(&test, &cases[i].shape, 1);
    }
}
