#include "common/ops/conv_transpose2d.h"

#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(ops_conv_transpose2d, .timeout = 600);

enum { X, WEIGHT, BIAS, INPUTS };

typedef struct layer {
    rt_shape x;
    uint32_t out, kernel_h, kernel_w;
    bool bias;
    rt_conv_transpose2d_options options;
} layer;

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const layer *l = parameters;
    outputs[0] = rt_conv_transpose2d(graph, inputs[X], inputs[WEIGHT], inputs[BIAS], &l->options);
}

/* Every pixel of x is spread over the pixels of y; weights [I,O,kernel_h,kernel_w]. */
static void reference(const rt_reference_call *call, double *y)
{
    const layer *l = call->parameters;
    const rt_shape x = call->input_shapes[X], s = call->output_shapes[0];
    const uint32_t dilation = l->options.dilation > 0 ? l->options.dilation : 1;
    for (int64_t i = 0; i < call->output_count; i++)
        y[i] = call->inputs[BIAS] != NULL ? call->inputs[BIAS][i % s.c] : 0;
    for (uint32_t pixel = 0; pixel < x.n * x.h * x.w; pixel++)
        for (uint32_t tap = 0; tap < l->kernel_h * l->kernel_w; tap++) {
            const uint32_t n = pixel / x.w / x.h, iy = pixel / x.w % x.h, ix = pixel % x.w;
            const uint32_t ky = tap / l->kernel_w, kx = tap % l->kernel_w;
            const int64_t oy = (int64_t)iy * l->options.stride + ky * dilation - l->options.padding;
            const int64_t ox = (int64_t)ix * l->options.stride + kx * dilation - l->options.padding;
            if (oy < 0 || oy >= s.h || ox < 0 || ox >= s.w) continue;
            for (uint32_t i = 0; i < x.c; i++)
                for (uint32_t o = 0; o < s.c; o++)
                    y[((n * s.h + oy) * s.w + ox) * s.c + o] +=
                        call->inputs[X][pixel * x.c + i] *
                        call->inputs[WEIGHT][((i * s.c + o) * l->kernel_h + ky) * l->kernel_w + kx];
        }
}

static const layer layers[] = {
    {{2, 5, 4, 8}, 6, 4, 4, true, {.stride = 2, .padding = 1}},
    {{3, 3, 5, 3}, 16, 3, 3, false, {.stride = 2, .padding = 1, .output_padding = 1}},
    {{2, 1, 1, 20}, 8, 4, 3, false, {.stride = 1}},
    {{1, 4, 3, 5}, 3, 2, 2, true, {.stride = 3, .output_padding = 2}},
    {{2, 4, 5, 6}, 5, 3, 3, false, {.stride = 1, .padding = 1, .dilation = 2}},
};

Test(ops_conv_transpose2d, matches_reference_and_differences)
{
    for (uint32_t i = 0; i < RT_COUNT(layers); i++) {
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
            .differences = 16,
            .seed = 100 + i,
        };
        const rt_shape shapes[INPUTS] = {
            l->x,
            {l->x.c, l->out, l->kernel_h, l->kernel_w},
            l->bias ? (rt_shape){l->out, 1, 1, 1} : (rt_shape){0},
        };
        rt_test_operator(&test, shapes, INPUTS);
    }
}

Test(ops_conv_transpose2d, refuses_what_does_not_fit)
{
    const struct {
        rt_shape x;
        rt_conv_transpose2d_options options;
        const char *message;
    } cases[] = {
        {{1, 5, 5, 8}, {.stride = 0}, "of stride 0"},
        {{1, 5, 5, 8}, {.stride = 2, .output_padding = 2}, "less than the stride"},
        {{1, 5, 5, 8}, {.stride = 1, .padding = 65}, "padding 65"},
        {{1, 5, 5, 7}, {.stride = 1}, "for 8 input channels, the input has 7"},
        {{1, 1, 5, 8}, {.stride = 1, .padding = 2}, "leaves nothing of an image of 1x5"},
    };
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        rt_graph *graph;
        rt_parameters *parameters;
        rt_test_ok(rt_graph_create(&graph));
        rt_test_ok(rt_parameters_create(&parameters));
        const rt_parameter weight = {
            .name = "weight", .layout = RT_LAYOUT_CONVOLUTION, .dims = {8, 3, 3, 3}, .rank = 4};
        rt_test_ok(rt_parameters_add(parameters, &weight, NULL));
        rt_tensor *x = rt_graph_input(graph, "x", cases[i].x);
        cr_assert_null(rt_conv_transpose2d(
            graph, x, rt_graph_parameter(graph, parameters, 0, false), NULL, &cases[i].options));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT, "case %zu", i);
        cr_assert_not_null(strstr(rt_error_message(), cases[i].message), "case %zu: %s", i,
                           rt_error_message());
        rt_graph_free(graph);
        rt_parameters_free(parameters);
    }
}
