/* Gradients of tensors with several users, some of which add what has come together while they
 * write their own part (rt_operator.adds): convolutions and batch norm. */

#include "common/ops/add.h"
#include "common/ops/batch_norm.h"
#include "common/ops/conv2d.h"
#include "common/ops/conv2d_choice.h"
#include "common/ops/dot.h"
#include "common/ops/relu.h"
#include "common/ops/sigmoid.h"
#include "tests/graph/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* The leaves are {2,3,1,5}: a 3x3 convolution with padding 1 keeps that shape, and only the middle
 * column of its kernel meets a pixel. */
enum { IMAGES = 2, HEIGHT = 3, CHANNELS = 5, PIXELS = IMAGES * HEIGHT, KERNEL = 3 };

/* What stands between x and the loss. */
typedef enum function {
    CONVOLUTION,
    FROZEN,             /* running statistics, gradient to x alone */
    FROZEN_RELU,        /* the same kernel, by way of y */
    RUNNING,            /* running statistics, gradients to weight and bias besides */
    TRAINING,           /* the batch's statistics */
    RESIDUAL_OF_ITSELF, /* the same and x once more, before a ReLU */
    BLOCK,              /* a convolution, and then that with the block's x */
    FROZEN_BLOCK,       /* the same with running statistics: one command */
    PREACTIVATED, /* FROZEN_RELU before a convolution: their backward passes are one command */
    RECTIFIED,    /* a convolution with bias, a ReLU, a convolution: two commands each way */
    FROZEN_RELU6, /* these with a ReLU6 */
    FROZEN_BLOCK6,
    PREACTIVATED6,
    FUNCTIONS
} function;

static function applied;
static bool depthwise; /* the convolutions: a channel is a group */
static rt_parameters *weights;
static float kernel[CHANNELS][CHANNELS][KERNEL][KERNEL]; /* [out][in] */
static const float scale[] = {1, -0.5f, 2, 0.25f, 1.5f}, shift[] = {0.5f, 0.1f, -1, 2, 1};
static const float mean[] = {0.25f, 0.5f, 0.75f, 0.5f, 0}, variance[] = {1, 0.5f, 0.25f, 2, 1};
static const float epsilon = 0.125f;
static const float amplified = 8; /* weight and bias before a ReLU6: some results are above 6 */

static void begin(void)
{
    const rt_parameter weight = {.name = "weight",
                                 .layout = RT_LAYOUT_CONVOLUTION,
                                 .dims = {CHANNELS, CHANNELS, KERNEL, KERNEL},
                                 .rank = 4};
    rt_parameter narrow = weight;
    float first[CHANNELS][KERNEL][KERNEL]; /* of each output its first input */
    narrow.name = "depthwise";
    narrow.dims[1] = 1;
    for (uint64_t i = 0; i < sizeof kernel / sizeof(float); i++)
        (&kernel[0][0][0][0])[i] = (float)(rt_test_uniform(55, i) - 0.5);
    rt_test_ok(rt_parameters_create(&weights));
    rt_test_ok(rt_parameters_add(weights, &weight, NULL));
    rt_test_ok(rt_parameters_add(weights, &narrow, NULL));
    for (int o = 0; o < CHANNELS; o++) memcpy(first[o], kernel[o][0], sizeof first[o]);
    rt_test_ok(rt_parameters_allocate(weights, rt_test_device()));
    rt_test_ok(rt_parameters_write(weights, RT_PIECE_VALUES, 0, &kernel[0][0][0][0]));
    rt_test_ok(rt_parameters_write(weights, RT_PIECE_VALUES, 1, &first[0][0][0]));
}

static void end(void) { rt_parameters_free(weights); }

TestSuite(graph_addends, .init = begin, .fini = end, .timeout = 600);

static bool has_relu6(void) { return applied >= FROZEN_RELU6; }
static float gain(void) { return has_relu6() ? amplified : 1; }

static rt_tensor *vector(rt_graph *graph, const float *values)
{
    return rt_graph_constant(graph, "vector", (rt_shape){1, 1, 1, CHANNELS}, values);
}

static bool convolves(void)
{
    return applied == CONVOLUTION || applied == BLOCK || applied == FROZEN_BLOCK ||
           applied == FROZEN_BLOCK6 || applied == RECTIFIED;
}
static bool has_residual(void)
{
    return applied == RESIDUAL_OF_ITSELF || applied == BLOCK || applied == FROZEN_BLOCK ||
           applied == FROZEN_BLOCK6;
}
static bool has_relu(void)
{
    return applied == FROZEN_RELU || applied == PREACTIVATED || has_residual();
}
static bool trains(void)
{
    return applied == TRAINING || applied == RESIDUAL_OF_ITSELF || applied == BLOCK;
}
static bool convolves_behind(void) { return applied == PREACTIVATED || applied == PREACTIVATED6; }

static rt_activation activation(void)
{
    if (has_relu6()) return RT_ACTIVATION_RELU6;
    return has_relu() ? RT_ACTIVATION_RELU : RT_ACTIVATION_NONE;
}

static rt_tensor *convolve(rt_graph *graph, rt_tensor *x, rt_tensor *bias)
{
    const rt_conv2d_options options = {
        .stride = 1, .padding = 1, .groups = depthwise ? CHANNELS : 1};
    return rt_conv2d(graph, x, rt_graph_parameter(graph, weights, depthwise, false), bias,
                     &options);
}

static rt_tensor *apply(rt_graph *graph, rt_tensor *x)
{
    rt_tensor *const residual = has_residual() ? x : NULL;
    if (convolves()) x = convolve(graph, x, applied == RECTIFIED ? vector(graph, shift) : NULL);
    if (applied == CONVOLUTION) return x;
    if (applied == RECTIFIED) return convolve(graph, rt_relu(graph, x), NULL);
    float weight[CHANNELS], bias[CHANNELS];
    for (int c = 0; c < CHANNELS; c++) weight[c] = gain() * scale[c];
    for (int c = 0; c < CHANNELS; c++) bias[c] = gain() * shift[c];
    const rt_batch_norm_inputs inputs = {.weight = vector(graph, weight),
                                         .bias = vector(graph, bias),
                                         .running_mean = vector(graph, mean),
                                         .running_var = vector(graph, variance),
                                         .residual = residual};
    const rt_batch_norm_options options = {
        .training = trains(),
        .epsilon = epsilon,
        .activation = activation(),
    };
    if (applied == RUNNING) rt_graph_require_gradient(graph, inputs.weight);
    x = rt_batch_norm(graph, x, &inputs, &options);
    return convolves_behind() ? convolve(graph, x, NULL) : x;
}

static double convolved(const double *x, int n, int h, int o)
{
    double sum = 0;
    for (int k = 0; k < KERNEL; k++) {
        if (h + k - 1 < 0 || h + k - 1 >= HEIGHT) continue;
        const double *pixel = x + (n * HEIGHT + h + k - 1) * CHANNELS;
        if (depthwise) sum += pixel[o] * (double)kernel[o][0][k][1];
        for (int c = 0; c < CHANNELS && !depthwise; c++)
            sum += pixel[c] * (double)kernel[o][c][k][1];
    }
    return sum;
}

static void normalise(const double *x, const double *residual, int c, double *y)
{
    double m = (double)mean[c], v = (double)variance[c];
    if (trains()) {
        m = v = 0;
        for (int p = 0; p < PIXELS; p++) m += x[p * CHANNELS + c] / PIXELS;
        for (int p = 0; p < PIXELS; p++) v += pow(x[p * CHANNELS + c] - m, 2) / PIXELS;
    }
    for (int p = 0; p < PIXELS; p++) {
        const double normal = (x[p * CHANNELS + c] - m) / sqrt(v + (double)epsilon);
        double value = (double)gain() * (normal * (double)scale[c] + (double)shift[c]);
        if (has_residual()) value += residual[p * CHANNELS + c];
        if (has_relu() || has_relu6()) value = fmax(value, 0);
        y[p * CHANNELS + c] = has_relu6() ? fmin(value, 6) : value;
    }
}

static void convolve_all(const double *x, double *y)
{
    for (int i = 0; i < RT_TEST_NUMBERS; i++)
        y[i] = convolved(x, i / CHANNELS / HEIGHT, i / CHANNELS % HEIGHT, i % CHANNELS);
}

static void apply_value(const double *x, double *y)
{
    double features[RT_TEST_NUMBERS], normal[RT_TEST_NUMBERS];
    memcpy(features, x, sizeof features);
    if (convolves()) convolve_all(x, features);
    memcpy(y, features, sizeof features);
    if (applied == CONVOLUTION) return;
    if (applied == RECTIFIED) {
        for (int i = 0; i < RT_TEST_NUMBERS; i++)
            normal[i] = fmax(features[i] + (double)shift[i % CHANNELS], 0);
        convolve_all(normal, y);
        return;
    }
    for (int c = 0; c < CHANNELS; c++) normalise(features, x, c, y);
    memcpy(normal, y, sizeof normal);
    if (convolves_behind()) convolve_all(normal, y);
}

/* The ways in which x = sigmoid(leaf), or a leaf itself, is used by `apply` and by others. The walk
 * is backwards: a user that is built later contributes first. */
typedef enum pattern {
    RESIDUAL,         /* lent by `add`: the addend may not be written to */
    RESIDUAL_TURNED,  /* the same, as the other input of `add` */
    LENT,             /* lent, and nothing else keeps it alive */
    USED_BEFORE,      /* `apply` contributes first, the other is added to it */
    USED_AFTER,       /* added in place */
    USED_TWICE_AFTER, /* by one node: `add` lends the same memory twice */
    APPLIED_TWICE,    /* a convolution adds what a convolution wrote */
    TWO_BLOCKS,       /* residual blocks one after the other */
    PATTERNS
} pattern;

static pattern used;
static bool through_activation;

static rt_tensor *build(rt_graph *graph, rt_tensor *const *leaves)
{
    rt_tensor *x = through_activation ? rt_sigmoid(graph, leaves[0]) : leaves[0];
    rt_tensor *before = used == USED_BEFORE ? rt_sigmoid(graph, x) : NULL;
    rt_tensor *y = apply(graph, x);
    switch (used) {
    case RESIDUAL:
        return rt_dot(graph, rt_add(graph, y, x), leaves[1]);
    case RESIDUAL_TURNED:
        return rt_dot(graph, rt_add(graph, x, y), leaves[1]);
    case LENT:
        return rt_dot(graph, rt_add(graph, x, leaves[1]), y);
    case USED_BEFORE:
        return rt_dot(graph, before, y);
    case USED_AFTER:
        return rt_dot(graph, rt_sigmoid(graph, x), y);
    case USED_TWICE_AFTER:
        return rt_dot(graph, rt_add(graph, x, x), y);
    case APPLIED_TWICE:
        return rt_dot(graph, y, apply(graph, x));
    default:
        x = rt_add(graph, x, y);
        return rt_dot(graph, rt_add(graph, apply(graph, x), x), leaves[1]);
    }
}

static double value(double (*leaves)[RT_TEST_NUMBERS])
{
    double x[RT_TEST_NUMBERS], y[RT_TEST_NUMBERS], z[RT_TEST_NUMBERS], loss = 0;
    for (int i = 0; i < RT_TEST_NUMBERS; i++)
        x[i] = through_activation ? rt_test_sigmoid(leaves[0][i]) : leaves[0][i];
    apply_value(x, y);
    for (int i = 0; i < RT_TEST_NUMBERS; i++) z[i] = x[i] + y[i];
    if (used == TWO_BLOCKS) {
        memcpy(x, z, sizeof x);
        apply_value(x, y);
        for (int i = 0; i < RT_TEST_NUMBERS; i++) z[i] = x[i] + y[i];
    }
    for (int i = 0; i < RT_TEST_NUMBERS; i++) {
        if (used == USED_BEFORE || used == USED_AFTER)
            loss += rt_test_sigmoid(x[i]) * y[i];
        else if (used == LENT)
            loss += (x[i] + leaves[1][i]) * y[i];
        else if (used == USED_TWICE_AFTER)
            loss += 2 * x[i] * y[i];
        else if (used == APPLIED_TWICE)
            loss += y[i] * y[i];
        else
            loss += z[i] * leaves[1][i];
    }
    return loss;
}

/* Frozen where its gradient would be the lent memory, and as an output keep it. */
static rt_test_leaf second_leaf(void)
{
    if (used == LENT) return RT_TEST_LEAF_FROZEN;
    return used < LENT || used == TWO_BLOCKS ? RT_TEST_LEAF_STATE : RT_TEST_LEAF_NONE;
}

/* rt_test_gradients takes each through three memory plans, one of them poisoned with NaN. */
static void check_patterns(void)
{
    for (used = 0; used < PATTERNS; used++) {
        const rt_test_leaf second = second_leaf();
        through_activation = true;
        rt_test_gradients(&(rt_gradient_test){
            .leaves = {RT_TEST_LEAF_STATE, second}, .build = build, .value = value});
        through_activation = false;
        rt_test_gradients(&(rt_gradient_test){
            .leaves = {RT_TEST_LEAF_STATE, second}, .build = build, .value = value});
        /* The gradient of a parameter lies in its set: nothing is added in passing. */
        rt_test_gradients(&(rt_gradient_test){
            .leaves = {RT_TEST_LEAF_TRAINED, second}, .build = build, .value = value});
    }
}

Test(graph_addends, of_convolutions_match_differences)
{
    const rt_conv2d_shape shape = {.images = IMAGES,
                                   .height = HEIGHT,
                                   .width = 1,
                                   .in_channels = CHANNELS,
                                   .out_channels = CHANNELS,
                                   .kernel_h = KERNEL,
                                   .kernel_w = KERNEL,
                                   .stride = 1,
                                   .top = 1,
                                   .left = 1,
                                   .dilation = 1,
                                   .out_height = HEIGHT,
                                   .out_width = 1};
    applied = CONVOLUTION;
    for (uint32_t i = 0; i < rt_conv2d_family_count; i++) {
        if (rt_conv2d_families[i]->candidates(rt_device_describe(rt_test_device()), &shape,
                                              RT_CONV2D_INPUT_GRADIENT) == 0)
            continue;
        rt_conv2d_force(rt_conv2d_families[i], 0);
        check_patterns();
    }
}

Test(graph_addends, of_batch_norm_match_differences)
{
    for (applied = FROZEN; applied < FUNCTIONS; applied++) check_patterns();
}

Test(graph_addends, of_depthwise_convolutions_match_differences)
{
    static const function functions[] = {CONVOLUTION,  BLOCK,         FROZEN_BLOCK, FROZEN_BLOCK6,
                                         PREACTIVATED, PREACTIVATED6, RECTIFIED};
    depthwise = true;
    for (size_t i = 0; i < RT_COUNT(functions); i++) {
        applied = functions[i];
        check_patterns();
    }
}

/* What adding is for: a residual block's sum of gradients is no pass of its own. */
Test(graph_addends, are_handed_to_the_operator)
{
    for (applied = 0; applied < RESIDUAL_OF_ITSELF; applied++) {
        rt_graph *graph;
        rt_test_ok(rt_graph_create(&graph));
        rt_tensor *leaf = rt_graph_state(graph, "leaf", rt_test_leaf_shape);
        rt_graph_require_gradient(graph, leaf);
        rt_tensor *x = rt_sigmoid(graph, leaf), *y = apply(graph, x), *sum = rt_add(graph, x, y);
        rt_graph_differentiate(graph, rt_dot(graph, sum, leaf));
        rt_test_ok(rt_graph_status(graph));
        cr_assert_eq(y->producer->addends[0], sum->gradient, "function %d", applied);
        cr_assert_eq(y->producer->input_gradients[0], x->gradient);
        cr_assert_neq(x->gradient, sum->gradient, "a lent gradient would be written to");
        rt_graph_free(graph);
    }
}

/* x as features and as weights of one batch norm: the two gradients cannot share their memory, and
 * neither may be lost. y = ((x - m) s x + b) and the loss is y times x. */
Test(graph_addends, keep_apart_the_inputs_of_one_node)
{
    const float values[] = {0.5f, -1, 2, 0.25f, 3};
    rt_graph *graph;
    rt_phase *phase;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *leaf = vector(graph, values);
    rt_graph_require_gradient(graph, leaf);
    rt_tensor *x = rt_add(graph, leaf, vector(graph, shift));
    const rt_batch_norm_inputs inputs = {.weight = x,
                                         .bias = vector(graph, shift),
                                         .running_mean = vector(graph, mean),
                                         .running_var = vector(graph, variance)};
    rt_tensor *y = rt_batch_norm(graph, x, &inputs, &(rt_batch_norm_options){.epsilon = epsilon});
    rt_graph_differentiate(graph, rt_dot(graph, y, x));
    cr_assert_null(y->producer->addends[0]);
    rt_graph_output(graph, leaf->gradient);
    rt_test_ok(rt_graph_status(graph));
    rt_test_ok(
        rt_phase_create(&phase, rt_test_device(), graph, &(rt_phase_options){.poison = true}));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    for (int c = 0; c < CHANNELS; c++) {
        const double v = (double)values[c] + (double)shift[c], m = (double)mean[c];
        const double s = 1 / sqrt((double)variance[c] + (double)epsilon);
        const double expected = 3 * s * v * v - 2 * s * m * v + (double)shift[c];
        cr_assert_float_eq(rt_phase_output(phase, leaf->gradient)[c], expected,
                           1e-5 * fmax(1, fabs(expected)), "channel %d", c);
    }
    rt_phase_free(phase);
    rt_graph_free(graph);
}
