/* Which steps become one command, and which must not. That joined ones give the same bits is part
 * of every gradient test (support.h), that they are right of graph_addends. */

#include "common/ops/add.h"
#include "common/ops/batch_norm.h"
#include "common/ops/conv2d.h"
#include "common/ops/conv2d_choice.h"
#include "common/ops/dot.h"
#include "common/ops/relu.h"
#include "common/ops/sigmoid.h"
#include "tests/graph/support.h"

#include <criterion/criterion.h>
#include <string.h>

enum { CHANNELS = 5 };

static const rt_shape shape = {2, 3, 1, CHANNELS};
static rt_parameters *weights;
static rt_graph *graph;
static rt_tensor *state;

static void begin(void)
{
    float kernel[CHANNELS * CHANNELS * 3 * 3];
    const rt_parameter weight = {.name = "weight",
                                 .layout = RT_LAYOUT_CONVOLUTION,
                                 .dims = {CHANNELS, CHANNELS, 3, 3},
                                 .rank = 4};
    rt_parameter depthwise = weight;
    depthwise.name = "depthwise";
    depthwise.dims[1] = 1;
    rt_test_ok(rt_parameters_create(&weights));
    rt_test_ok(rt_parameters_add(weights, &weight, NULL));
    rt_test_ok(rt_parameters_add(weights, &depthwise, NULL));
    rt_test_ok(rt_parameters_allocate(weights, rt_test_device()));
    for (uint64_t i = 0; i < sizeof kernel / sizeof *kernel; i++)
        kernel[i] = (float)(rt_test_uniform(5, i) - 0.5);
    rt_test_ok(rt_parameters_write(weights, RT_PIECE_VALUES, 0, kernel));
    rt_test_ok(rt_parameters_write(weights, RT_PIECE_VALUES, 1, kernel));
    rt_test_ok(rt_graph_create(&graph));
    rt_conv2d_force(&rt_conv2d_shuffle_family, 0);
}

/* Skips the test where the device has no kernels that join. */
static void need_kernels_that_join(void)
{
    const rt_conv2d_shape small = RT_CONV2D_3X3(1, 3, CHANNELS, CHANNELS);
    if (rt_conv2d_shuffle_family.candidates(rt_device_describe(rt_test_device()), &small,
                                            RT_CONV2D_FORWARD) == 0)
        cr_skip_test("the device has not what the kernels that join need");
}

static void end(void)
{
    rt_conv2d_force(NULL, 0);
    rt_graph_free(graph);
    rt_parameters_free(weights);
}

TestSuite(graph_join, .init = begin, .fini = end, .timeout = 600);

static rt_tensor *convolve(rt_tensor *x)
{
    return rt_conv2d(graph, x, rt_graph_parameter(graph, weights, 0, false), NULL,
                     &(rt_conv2d_options){.stride = 1, .padding = 1});
}

static rt_tensor *convolve_depthwise(rt_tensor *x)
{
    return rt_conv2d(graph, x, rt_graph_parameter(graph, weights, 1, false), NULL,
                     &(rt_conv2d_options){.stride = 1, .padding = 1, .groups = CHANNELS});
}

static rt_tensor *normalise(rt_tensor *x, bool training)
{
    static const float ones[CHANNELS] = {1, 1, 1, 1, 1};
    rt_tensor *vectors[4];
    for (int i = 0; i < 4; i++)
        vectors[i] = rt_graph_constant(graph, "vector", (rt_shape){1, 1, 1, CHANNELS}, ones);
    return rt_batch_norm(
        graph, x, &(rt_batch_norm_inputs){vectors[0], vectors[1], vectors[2], vectors[3], NULL},
        &(rt_batch_norm_options){
            .training = training, .epsilon = 0.1f, .activation = RT_ACTIVATION_RELU});
}

/* Commands of a pass of the operators whose names begin like this. */
static uint32_t commands(const char *operator_name, const char *pass)
{
    rt_phase *phase;
    rt_arena arena = {0};
    rt_phase_timing *timings;
    uint32_t count, found = 0;
    rt_test_ok(
        rt_phase_create(&phase, rt_test_device(), graph, &(rt_phase_options){.timestamps = true}));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    rt_test_ok(rt_phase_timings(phase, &arena, &timings, &count));
    for (uint32_t i = 0; i < count; i++)
        found += strncmp(timings[i].operator_name, operator_name, strlen(operator_name)) == 0 &&
                 strcmp(timings[i].pass, pass) == 0;
    rt_arena_clear(&arena);
    rt_phase_free(phase);
    return found;
}

Test(graph_join, a_frozen_batch_norm_is_part_of_the_convolution)
{
    need_kernels_that_join();
    rt_graph_output(graph, normalise(convolve(rt_graph_state(graph, "x", shape)), false));
    cr_assert_eq(commands("batch_norm", "forward"), 0);
    cr_assert_eq(commands("conv2d", "forward"), 1);
}

Test(graph_join, a_batch_norm_that_trains_is_not)
{
    rt_graph_output(graph, normalise(convolve(rt_graph_state(graph, "x", shape)), true));
    cr_assert_gt(commands("batch_norm", "forward"), 0);
}

Test(graph_join, a_sum_is)
{
    need_kernels_that_join();
    rt_tensor *x = rt_graph_state(graph, "x", shape);
    rt_graph_output(graph, rt_add(graph, convolve(x), x));
    cr_assert_eq(commands("add", "forward"), 0);
}

Test(graph_join, not_where_the_output_is_added_to_itself)
{
    rt_tensor *y = convolve(rt_graph_state(graph, "x", shape));
    rt_graph_output(graph, rt_add(graph, y, y));
    cr_assert_eq(commands("add", "forward"), 1);
}

/* The outputs of a phase of the graph, `count` tensors of the shape. */
static void compute(bool no_joining, rt_tensor *const *outputs, int count, float *values)
{
    const uint64_t size = 4 * rt_shape_vec4_count(shape);
    float x[4 * 2 * 3 * 2];
    rt_phase *phase;
    rt_test_ok(
        rt_phase_create(&phase, rt_test_device(), graph,
                        &(rt_phase_options){.no_joining = no_joining, .poison = !no_joining}));
    rt_test_fill(shape, 7, x);
    rt_test_ok(rt_phase_write(phase, state, x));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    for (int i = 0; i < count; i++)
        memcpy(values + (uint64_t)i * size, rt_phase_output(phase, outputs[i]),
               size * sizeof *values);
    rt_phase_free(phase);
}

Test(graph_join, what_others_read_is_stored_too)
{
    need_kernels_that_join();
    float joined[3 * 4 * 2 * 3 * 2], separate[3 * 4 * 2 * 3 * 2];
    state = rt_graph_state(graph, "x", shape);
    rt_tensor *y = convolve(state);
    rt_tensor *const outputs[] = {y, normalise(y, false), convolve(y)};
    for (int i = 0; i < 3; i++) rt_graph_output(graph, outputs[i]);
    cr_assert_eq(commands("batch_norm", "forward"), 0);
    compute(false, outputs, 3, joined);
    compute(true, outputs, 3, separate);
    cr_assert_neq(separate[0], 0);
    cr_assert_eq(memcmp(joined, separate, sizeof joined), 0);
}

Test(graph_join, so_is_an_activation_both_ways)
{
    need_kernels_that_join();
    rt_tensor *x = rt_graph_state(graph, "x", shape);
    rt_graph_require_gradient(graph, x);
    rt_tensor *y = convolve(rt_relu(graph, convolve(x)));
    rt_graph_differentiate(graph, rt_dot(graph, y, rt_graph_state(graph, "r", shape)));
    rt_graph_output(graph, x->gradient);
    cr_assert_eq(commands("leaky_relu", "forward"), 0);
    cr_assert_eq(commands("leaky_relu", "backward"), 0);
    cr_assert_eq(commands("conv2d", "forward"), 2);
}

/* Depthwise kernels do all of it, on any device. */
Test(graph_join, so_it_is_with_depthwise_convolutions)
{
    float joined[2 * 4 * 2 * 3 * 2], separate[2 * 4 * 2 * 3 * 2];
    state = rt_graph_state(graph, "x", shape);
    rt_graph_require_gradient(graph, state);
    rt_tensor *y = convolve_depthwise(state);
    rt_tensor *z = convolve_depthwise(normalise(rt_add(graph, normalise(y, false), state), false));
    rt_graph_differentiate(graph, rt_dot(graph, z, rt_graph_state(graph, "r", shape)));
    rt_tensor *const outputs[] = {y, z};
    for (int i = 0; i < 2; i++) rt_graph_output(graph, outputs[i]);
    rt_graph_output(graph, state->gradient);
    cr_assert_eq(commands("batch_norm", "forward"), 1);  /* the second stands behind a sum */
    cr_assert_eq(commands("batch_norm", "backward"), 1); /* the first, before the sum */
    cr_assert_eq(commands("conv2d", "forward"), 2);
    compute(false, outputs, 2, joined);
    compute(true, outputs, 2, separate);
    cr_assert_neq(separate[0], 0);
    cr_assert_eq(memcmp(joined, separate, sizeof joined), 0);
}

Test(graph_join, not_where_another_operator_reads_what_is_between_before)
{
    rt_tensor *y = convolve(rt_graph_state(graph, "x", shape));
    rt_tensor *z = convolve(y);
    rt_graph_output(graph, z);
    rt_graph_output(graph, normalise(y, false));
    cr_assert_eq(commands("batch_norm", "forward"), 1);
}

Test(graph_join, a_gradient_goes_through_the_batch_norm_in_passing)
{
    need_kernels_that_join();
    rt_tensor *x = rt_graph_state(graph, "x", shape);
    rt_graph_require_gradient(graph, x);
    rt_tensor *y = convolve(normalise(x, false));
    rt_graph_differentiate(graph, rt_dot(graph, y, rt_graph_state(graph, "r", shape)));
    rt_graph_output(graph, x->gradient);
    cr_assert_eq(commands("batch_norm", "backward"), 0);
    cr_assert_eq(commands("conv2d", "backward"), 1);
}

Test(graph_join, so_does_one_with_other_parts_that_were_there_before)
{
    need_kernels_that_join();
    rt_tensor *x = rt_graph_state(graph, "x", shape);
    rt_graph_require_gradient(graph, x);
    rt_tensor *middle = normalise(x, false);
    rt_tensor *y = rt_add(graph, convolve(middle), middle);
    rt_graph_differentiate(graph, rt_dot(graph, y, rt_graph_state(graph, "r", shape)));
    rt_graph_output(graph, x->gradient);
    cr_assert_eq(commands("batch_norm", "backward"), 0);
}

Test(graph_join, not_one_with_parts_to_come)
{
    rt_tensor *x = rt_graph_state(graph, "x", shape);
    rt_graph_require_gradient(graph, x);
    rt_tensor *middle = normalise(x, false);
    rt_tensor *early = rt_sigmoid(graph, middle);
    rt_tensor *y = rt_add(graph, early, convolve(middle));
    rt_graph_differentiate(graph, rt_dot(graph, y, rt_graph_state(graph, "r", shape)));
    rt_graph_output(graph, x->gradient);
    cr_assert_eq(commands("batch_norm", "backward"), 1);
}
