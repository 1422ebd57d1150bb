#include "common/ops/conv_transpose2d.h"

#include "common/ops/conv2d_choice.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(ops_conv_transpose2d, .timeout = 600);

enum { X, WEIGHT, BIAS, INPUTS };

typedef struct layer {
    rt_shape x;
    uint32_t out, kernel_h, kernel_w;
    rt_conv_transpose2d_options options;
    bool bias;
} layer;

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const layer *l = parameters;
    outputs[0] = rt_conv_transpose2d(graph, inputs[X], inputs[WEIGHT], inputs[BIAS], &l->options);
}

/* As PyTorch's documentation of conv_transpose2d defines it: every pixel spreads a kernel over the
 * output; weights [I,O/groups,kernel_h,kernel_w]. */
static void spread(const rt_reference_call *call, uint32_t n, uint32_t iy, uint32_t ix, uint32_t i,
                   double *y)
{
    const layer *l = call->parameters;
    const rt_conv_transpose2d_options *a = &l->options;
    const rt_shape x = call->input_shapes[X], s = call->output_shapes[0];
    const uint32_t groups = a->groups > 0 ? a->groups : 1;
    const uint32_t distance = a->dilation > 0 ? a->dilation : 1;
    const uint32_t out = l->out / groups, first = i / (x.c / groups) * out;
    const double value = call->inputs[X][((n * x.h + iy) * x.w + ix) * x.c + i];
    for (uint32_t ky = 0; ky < l->kernel_h; ky++)
        for (uint32_t kx = 0; kx < l->kernel_w; kx++) {
            const int64_t oy = (int64_t)iy * a->stride + ky * distance - a->padding - a->more.top;
            const int64_t ox = (int64_t)ix * a->stride + kx * distance - a->padding - a->more.left;
            if (oy < 0 || oy >= s.h || ox < 0 || ox >= s.w) continue;
            for (uint32_t o = 0; o < out; o++)
                y[((n * s.h + oy) * s.w + ox) * s.c + first + o] +=
                    value *
                    call->inputs[WEIGHT][((i * out + o) * l->kernel_h + ky) * l->kernel_w + kx];
        }
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_shape x = call->input_shapes[X], s = call->output_shapes[0];
    for (int64_t i = 0; i < call->output_count; i++)
        y[i] = call->inputs[BIAS] != NULL ? call->inputs[BIAS][i % s.c] : 0;
    for (uint32_t n = 0; n < x.n; n++)
        for (uint32_t iy = 0; iy < x.h; iy++)
            for (uint32_t ix = 0; ix < x.w; ix++)
                for (uint32_t i = 0; i < x.c; i++) spread(call, n, iy, ix, i, y);
}

static void check_layer(const layer *l, uint64_t seed)
{
    const uint32_t groups = l->options.groups > 0 ? l->options.groups : 1;
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
        .seed = seed,
    };
    const rt_shape shapes[INPUTS] = {
        l->x,
        {l->x.c, l->out / groups, l->kernel_h, l->kernel_w},
        l->bias ? (rt_shape){l->out, 1, 1, 1} : (rt_shape){0},
    };
    rt_test_operator(&test, shapes, INPUTS);
}

/* Doubling generators' 4x4 and 2x2 kernels, gaps between kernels, lines that no pixel reaches,
 * groups of one channel, of whole vec4 and of neither. */
static const layer layers[] = {
    {{2, 5, 4, 6}, 10, 4, 4, {.stride = 2, .padding = 1}, true},
    {{1, 4, 5, 8}, 3, 2, 2, {.stride = 2}, false},
    {{2, 4, 3, 5}, 8, 3, 3, {.stride = 2, .padding = 1, .output_padding = 1}, true},
    {{1, 3, 4, 4}, 6, 3, 3, {.stride = 1, .padding = 2, .dilation = 2}, false},
    {{1, 3, 2, 3}, 4, 2, 3, {.stride = 4, .output_padding = 2, .more = {1, 0, 0, 2}}, true},
    {{1, 4, 4, 6}, 6, 4, 4, {.stride = 2, .padding = 1, .groups = 6}, false},
    {{1, 4, 3, 8}, 12, 3, 3, {.stride = 2, .padding = 1, .groups = 2}, true},
    {{2, 3, 4, 16}, 8, 3, 3, {.stride = 1, .padding = 1, .groups = 2}, false},
};

Test(ops_conv_transpose2d, matches_reference_and_differences)
{
    for (uint32_t f = 0; f < rt_conv2d_family_count; f++) {
        rt_conv2d_force(rt_conv2d_families[f], 0);
        for (uint32_t i = 0; i < RT_COUNT(layers); i++)
            if (f == 0 || (layers[i].options.groups == 0 && layers[i].options.dilation == 0))
                check_layer(&layers[i], 100 + i);
    }
}

Test(ops_conv_transpose2d, refuses_what_does_not_fit)
{
    const struct {
        rt_shape x, weight; /* as in the file */
        uint32_t bias;
        rt_conv_transpose2d_options options;
        const char *message;
    } cases[] = {
        {{1, 4, 4, 8}, {8, 4, 3, 3}, 0, {.padding = 1}, "stride 0"},
        {{1, 4, 4, 8}, {8, 4, 3, 3}, 0, {.stride = 1u << 31}, "stride 2147483648"},
        {{1, 4, 4, 8}, {8, 4, 3, 3}, 0, {.stride = 2, .output_padding = 2}, "output padding 2"},
        {{1, 4, 4, 6}, {8, 4, 3, 3}, 0, {.stride = 1}, "for 8 input channels"},
        {{1, 4, 4, 8}, {8, 4, 3, 3}, 0, {.stride = 1, .groups = 3}, "in 3 groups"},
        {{1, 4, 4, 8}, {8, 4, 3, 3}, 8, {.stride = 1}, "bias has 8 numbers, the output 4"},
        {{1, 1, 4, 8}, {8, 4, 3, 3}, 0, {.stride = 1, .padding = 2}, "makes no image of 1x4"},
    };
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        rt_graph *graph;
        rt_parameters *parameters;
        const rt_shape w = cases[i].weight;
        rt_test_ok(rt_graph_create(&graph));
        rt_test_ok(rt_parameters_create(&parameters));
        const rt_parameter row = {.name = "weight",
                                  .layout = RT_LAYOUT_CONVOLUTION,
                                  .dims = {w.n, w.h, w.w, w.c},
                                  .rank = 4};
        rt_test_ok(rt_parameters_add(parameters, &row, NULL));
        rt_tensor *x = rt_graph_input(graph, "x", cases[i].x);
        rt_tensor *bias = NULL;
        if (cases[i].bias > 0)
            bias = rt_graph_state(graph, "bias", (rt_shape){1, 1, 1, cases[i].bias});
        cr_assert_null(rt_conv_transpose2d(
            graph, x, rt_graph_parameter(graph, parameters, 0, false), bias, &cases[i].options));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT, "case %zu", i);
        cr_assert_not_null(strstr(rt_error_message(), cases[i].message), "case %zu: %s", i,
                           rt_error_message());
        rt_graph_free(graph);
        rt_parameters_free(parameters);
    }
}

/* Each pixel of x meets all weights of its channels once, whatever the stride. */
Test(ops_conv_transpose2d, costs_a_multiplication_and_an_addition_a_pixel_of_x_and_weight)
{
    rt_graph *graph;
    rt_parameters *parameters;
    rt_test_ok(rt_graph_create(&graph));
    rt_test_ok(rt_parameters_create(&parameters));
    const rt_parameter weight = {
        .name = "weight", .layout = RT_LAYOUT_CONVOLUTION, .dims = {8, 3, 4, 4}, .rank = 4};
    rt_test_ok(rt_parameters_add(parameters, &weight, NULL));
    rt_tensor *x = rt_graph_input(graph, "x", (rt_shape){2, 5, 6, 8});
    const rt_conv_transpose2d_options options = {.stride = 2, .padding = 1, .groups = 2};
    const rt_tensor *y = rt_conv_transpose2d(
        graph, x, rt_graph_parameter(graph, parameters, 0, false), NULL, &options);
    rt_test_ok(rt_graph_status(graph));
    cr_assert_eq(y->shape.c, 6);
    cr_assert_eq(rt_conv_transpose2d_operator.cost(y->producer, RT_PASS_FORWARD).flops,
                 2.0 * (2 * 5 * 6) * (8 * 3 * 4 * 4));
    rt_graph_free(graph);
    rt_parameters_free(parameters);
}
