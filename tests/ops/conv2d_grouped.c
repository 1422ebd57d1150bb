#include "common/ops/conv2d_grouped.h"

#include "common/ops/conv2d.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>

TestSuite(ops_conv2d_grouped, .timeout = 600);

enum { X, WEIGHT, BIAS, INPUTS };

typedef struct layer {
    rt_shape x;
    uint32_t out, kernel_h, kernel_w;
    rt_conv2d_options options;
    bool bias;
} layer;

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const layer *l = parameters;
    outputs[0] = rt_conv2d(graph, inputs[X], inputs[WEIGHT], inputs[BIAS], &l->options);
}

/* As PyTorch's documentation of conv2d defines it: weights [O,C/groups,kernel_h,kernel_w], and the
 * outputs of a group see that group's part of the channels. */
static double convolve(const rt_reference_call *call, uint32_t n, int64_t top, int64_t left,
                       uint32_t o)
{
    const layer *l = call->parameters;
    const rt_shape x = call->input_shapes[X];
    const uint32_t in = x.c / l->options.groups, group = o / (l->out / l->options.groups);
    const uint32_t distance = l->options.dilation > 0 ? l->options.dilation : 1;
    double sum = call->inputs[BIAS] != NULL ? call->inputs[BIAS][o] : 0;
    for (uint32_t ky = 0; ky < l->kernel_h; ky++)
        for (uint32_t kx = 0; kx < l->kernel_w; kx++) {
            const int64_t iy = top + ky * distance, ix = left + kx * distance;
            if (iy < 0 || iy >= x.h || ix < 0 || ix >= x.w) continue;
            for (uint32_t c = 0; c < in; c++)
                sum += call->inputs[X][((n * x.h + iy) * x.w + ix) * x.c + group * in + c] *
                       call->inputs[WEIGHT][((o * in + c) * l->kernel_h + ky) * l->kernel_w + kx];
        }
    return sum;
}

static void reference(const rt_reference_call *call, double *y)
{
    const layer *l = call->parameters;
    const rt_conv2d_options *a = &l->options;
    const rt_shape s = call->output_shapes[0];
    for (uint32_t n = 0; n < s.n; n++)
        for (uint32_t oy = 0; oy < s.h; oy++)
            for (uint32_t ox = 0; ox < s.w; ox++)
                for (uint32_t o = 0; o < s.c; o++)
                    *y++ = convolve(call, n, (int64_t)oy * a->stride - a->padding - a->more.top,
                                    (int64_t)ox * a->stride - a->padding - a->more.left, o);
}

static void check(const layer *layers, uint32_t count, uint64_t seed)
{
    for (uint32_t i = 0; i < count; i++) {
        const layer *l = &layers[i];
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = l,
            .input_count = INPUTS,
            .inputs = {[WEIGHT] = {.kind = RT_TEST_PARAMETER, .layout = RT_LAYOUT_CONVOLUTION},
                       [BIAS] = {.kind = RT_TEST_PARAMETER, .layout = RT_LAYOUT_VECTOR}},
            .forward_tolerance = 4e-6,
            .gradient_tolerance = 5e-6,
            .difference = 0.5, /* linear in each input: every difference is exact */
            .differences = 24,
            .seed = seed + i,
        };
        const rt_shape shapes[INPUTS] = {
            l->x,
            {l->out, l->x.c / l->options.groups, l->kernel_h, l->kernel_w},
            l->bias ? (rt_shape){l->out, 1, 1, 1} : (rt_shape){0},
        };
        rt_test_operator(&test, shapes, INPUTS);
    }
}

/* Groups that share a vec4, that begin inside one, that are cut by one; several outputs a channel;
 * wide distances between the taps of a depthwise kernel. */
Test(ops_conv2d_grouped, groups_of_any_size_match_reference_and_differences)
{
    const layer layers[] = {
        {{2, 5, 6, 6}, 9, 3, 3, {.stride = 1, .padding = 1, .groups = 3}, true},
        {{1, 7, 6, 10}, 4, 3, 2, {.stride = 2, .padding = 1, .groups = 2}, false},
        {{2, 6, 5, 12}, 24, 1, 1, {.stride = 1, .groups = 4}, false},
        {{1, 9, 8, 5}, 10, 3, 3, {.stride = 1, .padding = 1, .groups = 5}, true},
        {{2, 21, 9, 6}, 6, 3, 3, {.stride = 1, .padding = 4, .dilation = 4, .groups = 6}, true},
        {{1, 8, 9, 4}, 4, 3, 3, {.stride = 2, .more = {0, 1, 1, 0}, .groups = 2}, false},
    };
    check(layers, RT_COUNT(layers), 100);
}

/* Groups of whole vec4 on both sides: ResNeXt's. */
Test(ops_conv2d_grouped, groups_of_whole_vectors_match_reference_and_differences)
{
    const layer layers[] = {
        {{2, 7, 6, 16}, 16, 3, 3, {.stride = 1, .padding = 1, .groups = 4}, true},
        {{1, 9, 10, 16}, 8, 3, 3, {.stride = 2, .padding = 1, .groups = 2}, false},
        {{2, 5, 4, 8}, 24, 1, 1, {.stride = 1, .groups = 2}, false},
        {{1, 20, 13, 24}, 24, 5, 3, {.stride = 1, .more = {2, 1, 1, 0}, .groups = 3}, true},
    };
    check(layers, RT_COUNT(layers), 200);
}

/* One channel a group. 3 to 70 channels: padding channels, and more vec4 than lanes. */
Test(ops_conv2d_grouped, depthwise_matches_reference_and_differences)
{
    const layer layers[] = {
        {{2, 7, 9, 6}, 6, 3, 3, {.stride = 1, .padding = 1, .groups = 6}, true},
        {{2, 11, 8, 3}, 3, 3, 3, {.stride = 2, .padding = 1, .groups = 3}, false},
        {{1, 9, 10, 70}, 70, 5, 5, {.stride = 1, .padding = 2, .groups = 70}, true},
        {{1, 12, 11, 8}, 8, 5, 5, {.stride = 2, .padding = 2, .groups = 8}, false},
        {{1, 9, 7, 5}, 5, 7, 7, {.stride = 1, .padding = 3, .groups = 5}, false},
        {{1, 13, 14, 4}, 4, 7, 7, {.stride = 2, .padding = 3, .groups = 4}, false},
        {{1, 8, 7, 9}, 9, 3, 3, {.stride = 2, .more = {0, 0, 1, 1}, .groups = 9}, true},
        {{1, 10, 9, 4}, 4, 3, 2, {.stride = 1, .padding = 2, .dilation = 2, .groups = 4}, false},
        {{3, 37, 5, 4}, 4, 3, 3, {.stride = 1, .padding = 1, .groups = 4}, false},
    };
    check(layers, RT_COUNT(layers), 300);
}
