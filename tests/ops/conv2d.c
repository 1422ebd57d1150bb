#include "common/ops/conv2d.h"

#include "common/ops/conv2d_choice.h"
#include "common/ops/conv2d_layer.h"
#include "common/ops/dot.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(ops_conv2d, .timeout = 600);

enum { X, WEIGHT, BIAS, INPUTS };

typedef struct layer {
    rt_shape x;
    uint32_t out, kernel_h, kernel_w, stride, padding;
    bool bias, linear;
    rt_sides more;
    uint32_t dilation; /* 0: none */
} layer;

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    const layer *l = parameters;
    const rt_conv2d_options options = {
        .stride = l->stride, .padding = l->padding, .more = l->more, .dilation = l->dilation};
    outputs[0] = l->linear ? rt_linear(graph, inputs[X], inputs[WEIGHT], inputs[BIAS])
                           : rt_conv2d(graph, inputs[X], inputs[WEIGHT], inputs[BIAS], &options);
}

/* Weights [O,I,kernel_h,kernel_w] and images [N,H,W,C], as PyTorch's documentation of conv2d
 * defines it. A linear layer's weights [O,I] lie in memory as those of a 1x1 kernel. */
static double convolve(const rt_reference_call *call, uint32_t n, uint32_t oy, uint32_t ox,
                       uint32_t o)
{
    const layer *l = call->parameters;
    const rt_shape x = call->input_shapes[X];
    const uint32_t distance = l->dilation > 0 ? l->dilation : 1;
    double sum = call->inputs[BIAS] != NULL ? call->inputs[BIAS][o] : 0;
    for (uint32_t ky = 0; ky < l->kernel_h; ky++)
        for (uint32_t kx = 0; kx < l->kernel_w; kx++) {
            const int64_t iy = (int64_t)oy * l->stride + ky * distance - l->padding - l->more.top;
            const int64_t ix = (int64_t)ox * l->stride + kx * distance - l->padding - l->more.left;
            if (iy < 0 || iy >= x.h || ix < 0 || ix >= x.w) continue;
            const double *pixel = call->inputs[X] + ((n * x.h + iy) * x.w + ix) * x.c;
            const double *weight =
                call->inputs[WEIGHT] + (uint64_t)o * x.c * l->kernel_h * l->kernel_w;
            for (uint32_t c = 0; c < x.c; c++)
                sum += pixel[c] * weight[(c * l->kernel_h + ky) * l->kernel_w + kx];
        }
    return sum;
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_shape s = call->output_shapes[0];
    for (uint32_t n = 0; n < s.n; n++)
        for (uint32_t oy = 0; oy < s.h; oy++)
            for (uint32_t ox = 0; ox < s.w; ox++)
                for (uint32_t o = 0; o < s.c; o++) *y++ = convolve(call, n, oy, ox, o);
}

/* 1 to 33 channels: padding channels, layers narrower than a vector and wider than one of 4 or 8
 * lanes. Odd images leave tiles part empty, {3,21,19,8} has several parts of a weight gradient, the
 * last one short. Where stride 2 does not divide, rows and columns at the edge are read by few taps
 * or by none. */
static const layer layers[] = {
    {{2, 7, 5, 3}, 16, 3, 3, 1, 1, false, false, {0}, 0},
    {{1, 1, 1, 1}, 1, 1, 1, 1, 1, true, false, {0}, 0},
    {{3, 8, 7, 6}, 8, 3, 3, 2, 1, true, false, {0}, 0},
    {{2, 11, 6, 8}, 33, 5, 5, 1, 2, true, false, {0}, 0},
    {{2, 10, 9, 33}, 3, 5, 5, 2, 0, false, false, {0}, 0},
    {{1, 9, 10, 3}, 8, 7, 7, 1, 3, false, false, {0}, 0},
    {{2, 13, 12, 1}, 6, 7, 7, 2, 3, true, false, {0}, 0},
    {{5, 6, 7, 16}, 16, 1, 1, 2, 0, false, false, {0}, 0},
    {{2, 6, 6, 16}, 1, 3, 3, 1, 0, false, false, {0}, 0},
    {{2, 5, 6, 20}, 24, 3, 2, 2, 2, false, false, {0}, 0},
    {{3, 21, 19, 8}, 6, 3, 3, 1, 1, false, false, {0}, 0},
    {{13, 1, 1, 33}, 70, 1, 1, 1, 0, true, true, {0}, 0},
    {{3, 1, 1, 6}, 10, 1, 1, 1, 0, false, true, {0}, 0},
    {{3, 18, 19, 6}, 2, 3, 3, 1, 1, true, false, {0}, 0},
};

/* As wide as the tiles that a family may choose from, in one image that fills none of them. */
static const layer wide_layers[] = {
    {{1, 3, 5, 16}, 12, 3, 3, 1, 1, true, false, {0}, 0},
    {{1, 4, 3, 32}, 32, 3, 3, 2, 1, false, false, {0}, 0},
    {{1, 4, 4, 64}, 56, 3, 3, 1, 1, true, false, {0}, 0},
    {{1, 3, 3, 104}, 128, 3, 3, 1, 1, false, false, {0}, 0},
};

/* Sides that differ, as TensorFlow's SAME makes them and as kernels of one line want them; strides
 * of 3 and 4; more zeros than the kernel reaches. */
static const layer uneven_layers[] = {
    {.x = {2, 8, 7, 6}, .out = 8, .kernel_h = 3, .kernel_w = 3, .stride = 2, .more = {0, 0, 1, 0}},
    {.x = {2, 9, 10, 5}, .out = 6, .kernel_h = 3, .kernel_w = 3, .stride = 1, .more = {1, 2, 0, 3}},
    {.x = {1, 7, 6, 20}, .out = 9, .kernel_h = 1, .kernel_w = 7, .stride = 1, .more = {0, 3, 0, 3}},
    {.x = {1, 11, 9, 3}, .out = 5, .kernel_h = 4, .kernel_w = 4, .stride = 4, .padding = 1},
    {.x = {2, 12, 8, 4}, .out = 7, .kernel_h = 5, .kernel_w = 3, .stride = 3, .more = {2, 0, 1, 4}},
    {.x = {1, 5, 4, 3},
     .out = 3,
     .kernel_h = 3,
     .kernel_w = 3,
     .stride = 1,
     .padding = 1,
     .more = {3, 0, 4, 1},
     .bias = true},
};

/* What no fast family does: any distance between taps, any stride, any kernel, any padding. */
static const layer unusual_layers[] = {
    {.x = {2, 9, 10, 6},
     .out = 8,
     .kernel_h = 3,
     .kernel_w = 3,
     .stride = 1,
     .padding = 2,
     .dilation = 2,
     .bias = true},
    {.x = {1, 14, 11, 3},
     .out = 5,
     .kernel_h = 3,
     .kernel_w = 2,
     .stride = 2,
     .padding = 1,
     .more = {1, 0, 0, 2},
     .dilation = 3},
    {.x = {1, 23, 19, 3}, .out = 6, .kernel_h = 11, .kernel_w = 11, .stride = 5, .padding = 2},
    {.x = {2, 3, 2, 5}, .out = 4, .kernel_h = 2, .kernel_w = 9, .stride = 1, .padding = 9},
};

/* Of one number, as rt_operator_test says. */
typedef struct tolerance {
    double forward, gradient;
} tolerance;

static const tolerance float32 = {.forward = 4e-6, .gradient = 5e-6};
/* Operands are rounded to 11 bits. */
static const tolerance float16 = {.forward = 4e-3, .gradient = 4e-3};

static void check_layer(const layer *l, const tolerance *allowed, uint64_t seed)
{
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .parameters = l,
        .input_count = INPUTS,
        .inputs = {[WEIGHT] = {.kind = RT_TEST_PARAMETER,
                               .layout = l->linear ? RT_LAYOUT_LINEAR : RT_LAYOUT_CONVOLUTION},
                   [BIAS] = {.kind = RT_TEST_PARAMETER, .layout = RT_LAYOUT_VECTOR}},
        .forward_tolerance = allowed->forward,
        .gradient_tolerance = allowed->gradient,
        .difference = 0.5, /* linear in each input: every difference is exact */
        .differences = 16,
        .seed = seed,
    };
    const rt_shape shapes[INPUTS] = {
        l->x,
        {l->out, l->x.c, l->kernel_h, l->kernel_w},
        l->bias ? (rt_shape){l->out, 1, 1, 1} : (rt_shape){0},
    };
    rt_test_operator(&test, shapes, INPUTS);
}

/* The most candidates that a pass of the layer has. */
static uint32_t candidates_of(const rt_conv2d_family *family, const layer *l)
{
    const rt_conv2d_options options = {.stride = l->stride,
                                       .padding = l->padding,
                                       .more = l->more,
                                       .dilation = l->dilation > 0 ? l->dilation : 1};
    const rt_conv2d_shape shape = rt_conv2d_shape_of(
        l->x, (rt_shape){l->kernel_h, l->kernel_w, 4 * rt_vec4s(l->x.c), l->out}, &options);
    uint32_t most = 0;
    for (int pass = 0; pass < RT_CONV2D_PASSES; pass++) {
        const uint32_t count =
            family->candidates(rt_device_describe(rt_test_device()), &shape, (rt_conv2d_pass)pass);
        if (count > most) most = count;
    }
    return most;
}

/* Odd layers in turn with one candidate or another, since each takes a compilation; wide ones with
 * all. */
static void check_family(const rt_conv2d_family *family, const tolerance *allowed)
{
    for (uint32_t i = 0; i < RT_COUNT(layers); i++) {
        const uint32_t count = candidates_of(family, &layers[i]);
        if (count == 0) continue;
        rt_conv2d_force(family, i % count);
        check_layer(&layers[i], allowed, 100 + i);
    }
    for (uint32_t i = 0; i < RT_COUNT(uneven_layers); i++) {
        if (candidates_of(family, &uneven_layers[i]) == 0) continue;
        rt_conv2d_force(family, 0);
        check_layer(&uneven_layers[i], allowed, 300 + i);
    }
    for (uint32_t i = 0; i < RT_COUNT(wide_layers); i++)
        for (uint32_t c = 0; c < candidates_of(family, &wide_layers[i]); c++) {
            rt_conv2d_force(family, c);
            check_layer(&wide_layers[i], allowed, 200 + i);
        }
}

Test(ops_conv2d, shuffle_matches_reference_and_differences)
{
    check_family(&rt_conv2d_shuffle_family, &float32);
}

Test(ops_conv2d, shared_matches_reference_and_differences)
{
    check_family(&rt_conv2d_shared_family, &float32);
}

Test(ops_conv2d, plain_matches_reference_and_differences)
{
    check_family(&rt_conv2d_plain_family, &float32);
}

Test(ops_conv2d, cooperative_matches_reference_and_differences)
{
    if (!rt_device_describe(rt_test_device())->cooperative_matrix)
        cr_skip_test("the device has no cooperative matrices");
    check_family(&rt_conv2d_cooperative_family, &float16);
}

Test(ops_conv2d, unusual_layers_match_reference_and_differences)
{
    for (uint32_t i = 0; i < RT_COUNT(unusual_layers); i++) {
        for (uint32_t f = 0; f + 1 < rt_conv2d_family_count; f++)
            cr_assert_eq(candidates_of(rt_conv2d_families[f], &unusual_layers[i]), 0);
        rt_conv2d_force(rt_conv2d_families[0], 0);
        check_layer(&unusual_layers[i], &float32, 400 + i);
    }
}

/* A frozen network: its layers pass a gradient on and want none themselves; and the other way. */
Test(ops_conv2d, gives_the_gradients_that_are_wanted)
{
    for (int wanted = X; wanted <= BIAS; wanted++) {
        rt_graph *graph;
        rt_parameters *parameters;
        rt_test_ok(rt_graph_create(&graph));
        rt_test_ok(rt_parameters_create(&parameters));
        const rt_parameter weight = {
            .name = "weight", .layout = RT_LAYOUT_CONVOLUTION, .dims = {8, 3, 3, 3}, .rank = 4};
        const rt_parameter bias = {
            .name = "bias", .layout = RT_LAYOUT_VECTOR, .dims = {8, 1, 1, 1}, .rank = 1};
        rt_test_ok(rt_parameters_add(parameters, &weight, NULL));
        rt_test_ok(rt_parameters_add(parameters, &bias, NULL));
        rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){2, 7, 5, 3});
        if (wanted == X) rt_graph_require_gradient(graph, x);
        rt_tensor *const inputs[] = {x, rt_graph_parameter(graph, parameters, 0, wanted == WEIGHT),
                                     rt_graph_parameter(graph, parameters, 1, wanted == BIAS)};
        rt_tensor *y = rt_conv2d(graph, inputs[X], inputs[WEIGHT], inputs[BIAS],
                                 &(rt_conv2d_options){.stride = 1, .padding = 1});
        rt_graph_differentiate(graph, rt_dot(graph, y, y));
        rt_test_ok(rt_graph_status(graph));
        for (int i = X; i <= BIAS; i++)
            cr_assert_eq(y->producer->input_gradients[i] != NULL, i == wanted, "%d of %d", i,
                         wanted);
        rt_graph_free(graph);
        rt_parameters_free(parameters);
    }
}

Test(ops_conv2d, refuses_what_does_not_fit)
{
    const struct {
        rt_shape x, weight, bias;
        rt_conv2d_options options;
        const char *message;
    } cases[] = {
        {{1, 9, 9, 4}, {3, 3, 4, 8}, {0}, {.padding = 1}, "stride 0"},
        {{1, 9, 9, 4}, {3, 3, 4, 8}, {0}, {.stride = 40000}, "stride 40000"},
        {{1, 9, 9, 4}, {3, 3, 4, 8}, {0}, {.stride = 1, .padding = 0x80000000u}, "padding 21474"},
        {{1, 9, 9, 4}, {3, 3, 4, 8}, {0}, {.stride = 1, .dilation = 0x80000000u}, "dilation 21474"},
        {{1, 9, 9, 4}, {3, 3, 4, 8}, {0}, {.stride = 1, .more = {.left = 1u << 31}}, "padding 0"},
        {{1, 9, 9, 5}, {3, 3, 4, 8}, {0}, {.stride = 1}, "for 4 input channels, the input has 5"},
        {{1, 9, 9, 4},
         {3, 3, 4, 8},
         {1, 1, 1, 7},
         {.stride = 1},
         "bias has 7 numbers, the output 8"},
        {{1, 2, 9, 4},
         {5, 5, 4, 8},
         {0},
         {.stride = 1, .padding = 1},
         "2x9 is smaller than the 5x5"},
        {{1, 9, 2, 4},
         {5, 5, 4, 8},
         {0},
         {.stride = 1, .padding = 1},
         "9x2 is smaller than the 5x5"},
        {{1, 4, 4, 4}, {3, 3, 4, 8}, {0}, {.stride = 1, .dilation = 2}, "4x4 is smaller than"},
        {{1, 9, 9, 6},
         {3, 3, 4, 8},
         {0},
         {.stride = 1, .groups = 4},
         "6 input and 8 output channels"},
        {{1, 9, 9, 8},
         {3, 3, 4, 6},
         {0},
         {.stride = 1, .groups = 4},
         "8 input and 6 output channels"},
        {{1, 9, 9, 8},
         {3, 3, 8, 8},
         {0},
         {.stride = 1, .groups = 4},
         "8 input channels, the input has 2"},
    };
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        rt_graph *graph;
        rt_test_ok(rt_graph_create(&graph));
        rt_tensor *x = rt_graph_input(graph, "x", cases[i].x);
        rt_tensor *weight = rt_graph_state(graph, "weight", cases[i].weight);
        rt_tensor *bias = cases[i].bias.c > 0 ? rt_graph_state(graph, "bias", cases[i].bias) : NULL;
        cr_assert_null(rt_conv2d(graph, x, weight, bias, &cases[i].options));
        cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT, "case %zu", i);
        cr_assert_not_null(strstr(rt_error_message(), cases[i].message), "case %zu: %s", i,
                           rt_error_message());
        rt_graph_free(graph);
    }
}
