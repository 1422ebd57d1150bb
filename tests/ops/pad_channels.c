#include "tests/ops/operator_test.h"

#include "common/ops/pad_channels.h"

#include <criterion/criterion.h>

typedef struct options {
    uint32_t stride, before, after;
} options;

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const options *o = parameters;
    outputs[0] = rt_pad_channels(graph, inputs[0], o->stride, o->before, o->after);
}

static void reference(const rt_reference_call *call, double *y)
{
    const options *o = call->parameters;
    const rt_shape from = call->input_shapes[0], to = call->output_shapes[0];
    for (int64_t i = 0; i < call->output_count; i++) y[i] = 0;
    for (uint32_t n = 0; n < from.n; n++)
        for (uint32_t h = 0; h < from.h; h += o->stride)
            for (uint32_t w = 0; w < from.w; w += o->stride)
                for (uint32_t c = 0; c < from.c; c++)
                    y[((n * to.h + h / o->stride) * to.w + w / o->stride) * to.c + o->before + c] =
                        call->inputs[0][((n * from.h + h) * from.w + w) * from.c + c];
}

Test(ops_pad_channels, matches_reference_and_differences)
{
    /* All places of the old channels within a vec4, with and without new ones behind. */
    const options all[] = {{2, 8, 8}, {2, 1, 2}, {1, 2, 1}, {2, 3, 0}, {3, 5, 7}, {1, 0, 0}};
    const rt_shape shapes[] = {{1, 1, 1, 1}, {2, 7, 5, 3}, {2, 6, 4, 6}, {3, 8, 8, 16}};
    for (size_t i = 0; i < RT_COUNT(all); i++) {
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &all[i],
            .forward_tolerance = 2e-7,
            .gradient_tolerance = 1e-6,
            .differences = 24,
            .seed = 1 + i,
        };
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}
