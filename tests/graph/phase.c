/* Phases: inputs in two places, states, counters, outputs, timings, and memory plans that change no
 * bit of a longer computation. */

#include "common/ops/add.h"
#include "common/ops/advance.h"
#include "common/ops/dot.h"
#include "common/ops/l2_normalise.h"
#include "common/ops/leaky_relu.h"
#include "common/ops/scale.h"
#include "common/ops/sigmoid.h"
#include "common/ops/weighted_sum.h"
#include "tests/graph/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static rt_graph *graph;
static rt_phase *phase;
static const rt_shape shape = {3, 2, 1, 6};
enum { FLOATS = 3 * 2 * 8 };

static void begin(void)
{
    phase = NULL;
    rt_test_ok(rt_graph_create(&graph));
}

static void end(void)
{
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
    rt_phase_free(phase);
    rt_graph_free(graph);
}

TestSuite(graph_phase, .init = begin, .fini = end, .timeout = 120);

static void create(const rt_phase_options *options)
{
    rt_test_ok(rt_graph_status(graph));
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, options));
}

static void step(void)
{
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
}

/* The host fills the next step's input while the present one runs. */
Test(graph_phase, has_two_places_for_inputs)
{
    rt_tensor *x = rt_graph_input(graph, "x", shape);
    rt_tensor *unused = rt_graph_input(graph, "unused", shape);
    rt_tensor *y = rt_scale(graph, x, 2);
    rt_graph_output(graph, y);
    create(NULL);
    float filled[6][FLOATS];
    for (uint64_t i = 0; i < 6; i++) rt_test_fill(shape, i, filled[i]);
    memcpy(rt_phase_input(phase, x), filled[0], sizeof filled[0]);
    for (uint64_t i = 0; i < 5; i++) {
        rt_test_ok(rt_phase_submit(phase));
        memcpy(rt_phase_input(phase, x), filled[i + 1], sizeof filled[0]);
        memset(rt_phase_input(phase, unused), 0xff, rt_shape_bytes(shape));
        rt_test_ok(rt_phase_wait(phase));
        const float *result = rt_phase_output(phase, y);
        for (uint32_t j = 0; j < FLOATS; j++)
            cr_assert_eq(result[j], 2 * filled[i][j], "step %llu", (unsigned long long)i);
    }
}

Test(graph_phase, keeps_states_from_step_to_step)
{
    const float start[] = {1, 2, 3, 4, 5, 6};
    rt_tensor *x = rt_graph_state(graph, "x", shape);
    rt_tensor *constant = rt_graph_constant(graph, "constant", (rt_shape){1, 1, 1, 6}, start);
    rt_tensor *y = rt_sigmoid(graph, x);
    rt_graph_output(graph, y);
    rt_graph_output(graph, constant);
    create(NULL);
    float written[FLOATS], read[FLOATS];
    rt_test_ok(rt_phase_read(phase, x, read));
    for (uint32_t j = 0; j < FLOATS; j++) cr_assert_eq(read[j], 0);
    rt_test_fill(shape, 9, written);
    rt_test_ok(rt_phase_write(phase, x, written));
    step();
    step();
    rt_test_ok(rt_phase_read(phase, x, read));
    cr_assert_eq(memcmp(read, written, sizeof read), 0);
    const float *values = rt_phase_output(phase, constant);
    for (uint32_t j = 0; j < 8; j++) cr_assert_eq(values[j], j < 6 ? start[j] : 0);
    cr_assert_eq(rt_phase_read(phase, y, read), RT_ERROR_INTERNAL);
}

Test(graph_phase, counts_steps_on_the_device)
{
    rt_tensor *counters = rt_graph_counters(graph);
    cr_assert_eq(rt_graph_counters(graph), counters);
    rt_graph_output(graph, counters);
    rt_advance(graph);
    create(NULL);
    uint32_t words[4];
    for (uint32_t i = 1; i <= 3; i++) {
        step();
        memcpy(words, rt_phase_output(phase, counters), sizeof words);
        cr_assert(words[0] == i && words[1] == i && words[2] == 0 && words[3] == 0);
    }
    words[1] = 0; /* the optimiser begins anew, the draws go on */
    rt_test_ok(rt_phase_write(phase, counters, words));
    step();
    rt_test_ok(rt_phase_read(phase, counters, words));
    cr_assert(words[0] == 4 && words[1] == 1);
}

Test(graph_phase, runs_a_graph_again_in_a_second_phase)
{
    rt_tensor *x = rt_graph_input(graph, "x", shape), *y = rt_scale(graph, x, -1);
    rt_graph_output(graph, y);
    create(NULL);
    rt_phase_free(phase);
    create(NULL);
    float values[FLOATS];
    rt_test_fill(shape, 3, values);
    memcpy(rt_phase_input(phase, x), values, sizeof values);
    step();
    for (uint32_t j = 0; j < FLOATS; j++) cr_assert_eq(rt_phase_output(phase, y)[j], -values[j]);
}

Test(graph_phase, does_not_hand_back_inputs)
{
    rt_graph_output(graph, rt_graph_input(graph, "x", shape));
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INTERNAL);
}

/* A training-like step with long and short lives: blocks of a residual network, two losses. */
typedef struct deep {
    rt_tensor *loss, *x, *gradient, *middle;
} deep;

static void build_deep(deep *d)
{
    const rt_shape rows = {6, 1, 1, 70};
    d->x = rt_graph_state(graph, "x", rows);
    rt_graph_require_gradient(graph, d->x);
    rt_tensor *x = d->x, *saved = NULL;
    for (int block = 0; block < 8; block++) {
        rt_tensor *y = rt_leaky_relu(graph, rt_scale(graph, x, 1.1f), 0.2f);
        y = rt_l2_normalise(graph, rt_sigmoid(graph, y), 1e-12f);
        x = rt_add(graph, x, y);
        if (block == 3) saved = x;
    }
    rt_tensor *terms[] = {rt_dot(graph, x, x), rt_dot(graph, saved, rt_sigmoid(graph, x))};
    const float weights[] = {0.5f, 2};
    d->loss = rt_weighted_sum(graph, terms, 2,
                              rt_graph_constant(graph, "weights", (rt_shape){1, 1, 1, 2}, weights));
    rt_graph_differentiate(graph, d->loss);
    d->gradient = d->x->gradient;
    d->middle = saved;
    rt_graph_output(graph, d->loss);
    rt_graph_output(graph, d->gradient);
    rt_graph_output(graph, d->middle);
}

Test(graph_phase, computes_the_same_bits_in_every_memory_plan)
{
    enum { COUNT = 6 * 72 };
    static float start[COUNT], first[2 * COUNT + 4], now[2 * COUNT + 4];
    const rt_phase_options plans[] = {{.no_aliasing = true}, {0}, {.poison = true}};
    uint64_t bytes[RT_COUNT(plans)];
    rt_test_fill((rt_shape){6, 1, 1, 70}, 4, start);
    for (size_t plan = 0; plan < RT_COUNT(plans); plan++) {
        deep d;
        if (plan > 0) {
            end();
            begin();
        }
        build_deep(&d);
        create(&plans[plan]);
        bytes[plan] = rt_phase_memory(phase);
        rt_test_ok(rt_phase_write(phase, d.x, start));
        for (int i = 0; i < 3; i++) step();
        memcpy(now, rt_phase_output(phase, d.loss), 16);
        memcpy(now + 4, rt_phase_output(phase, d.gradient), sizeof start);
        memcpy(now + 4 + COUNT, rt_phase_output(phase, d.middle), sizeof start);
        if (plan == 0) memcpy(first, now, sizeof first);
        cr_assert(isfinite(now[0]) && now[0] != 0);
        cr_assert_eq(memcmp(first, now, sizeof first), 0, "plan %zu gives other bits", plan);
    }
    cr_assert_lt(bytes[1], bytes[0] / 2, "%llu of %llu bytes", (unsigned long long)bytes[1],
                 (unsigned long long)bytes[0]);
}

/* Poison finds what the plan does not know: an operator that reads in its backward pass what it
 * does not name. */
static rt_status forgetful_shape(rt_graph *g, rt_node *node)
{
    return rt_node_output(g, node, "copied", node->inputs[0]->shape);
}

static rt_status copy(rt_program *program, rt_gpu_range from, rt_gpu_range to)
{
    return rt_program_copy(program, to, from);
}

static rt_status forgetful_forward(rt_program *program, const rt_node *node)
{
    return copy(program, node->inputs[0]->range, node->outputs[0]->range);
}

static rt_status forgetful_backward(rt_program *program, const rt_node *node)
{
    return copy(program, node->inputs[0]->range, node->input_gradients[0]->range);
}

static const rt_operator forgetful_operator = {.name = "forgetful",
                                               .infer_shape = forgetful_shape,
                                               .forward = forgetful_forward,
                                               .backward = forgetful_backward};

Test(graph_phase, poison_shows_what_is_read_too_late)
{
    rt_tensor *x = rt_graph_constant(graph, "x", (rt_shape){1, 1, 1, 4}, (float[]){1, 2, 3, 4});
    rt_graph_require_gradient(graph, x);
    rt_tensor *activation = rt_scale(graph, x, 2);
    rt_tensor *y = rt_graph_apply(graph, &forgetful_operator, &activation, 1, NULL, 0);
    rt_graph_differentiate(graph, rt_dot(graph, y, y));
    rt_graph_output(graph, x->gradient);
    create(&(rt_phase_options){.poison = true, .no_aliasing = true});
    step();
    cr_assert(isnan(rt_phase_output(phase, x->gradient)[0]));
}

Test(graph_phase, measures_every_command)
{
    rt_arena arena = {0};
    rt_phase_timing *timings;
    uint32_t count;
    rt_tensor *x = rt_graph_input(graph, "x", shape);
    rt_graph_require_gradient(graph, x);
    rt_graph_scope(graph, "layer");
    rt_tensor *y = rt_dot(graph, rt_sigmoid(graph, x), x);
    rt_graph_scope(graph, "");
    rt_graph_differentiate(graph, y);
    rt_graph_output(graph, y);
    rt_graph_output(graph, x->gradient);
    rt_advance(graph);
    create(&(rt_phase_options){.timestamps = true});
    cr_assert_eq(rt_phase_timings(phase, &arena, &timings, &count), RT_ERROR_INTERNAL);
    const double began = rt_device_describe(rt_test_device())->timestamp_nanoseconds;
    if (began == 0) cr_skip_test("the device has no time stamps");
    rt_test_fill(shape, 1, rt_phase_input(phase, x));
    step();
    rt_test_ok(rt_phase_timings(phase, &arena, &timings, &count));
    const char *expected[][3] = {
        {"copy", "copy", "inputs and outputs"},   {"sigmoid", "forward", "layer.sigmoid"},
        {"dot", "forward", "layer.dot"},          {"dot", "forward", "layer.dot"},
        {"dot", "backward", "layer.dot"},         {"dot", "backward", "layer.dot"},
        {"sigmoid", "backward", "layer.sigmoid"}, {"gradient", "sum", "gradient"},
        {"advance", "update", "advance"},         {"copy", "copy", "inputs and outputs"},
        {"copy", "copy", "inputs and outputs"}};
    cr_assert_eq(count, RT_COUNT(expected), "%u commands", count);
    double seconds = 0;
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_str_eq(timings[i].operator_name, expected[i][0], "command %u", i);
        cr_assert_str_eq(timings[i].pass, expected[i][1], "command %u", i);
        cr_assert_str_eq(timings[i].label, expected[i][2], "command %u", i);
        cr_assert_geq(timings[i].seconds, 0);
        seconds += timings[i].seconds;
    }
    cr_assert_gt(seconds, 0);
    cr_assert_gt(timings[2].cost.flops, 0);
    cr_assert_eq(timings[3].cost.flops, 0); /* the pass's cost stands at its first command */
    rt_arena_clear(&arena);
}

/* A device as large GPUs are: one buffer may be larger than what a texel buffer spans. Kernels read
 * through texel buffers, so a step that needs more must be spread over several buffers. */
Test(graph_phase, lays_no_buffer_out_that_texels_cannot_span)
{
    rt_device_info *info = (rt_device_info *)rt_device_describe(rt_test_device());
    info->maximum_texel_elements = (128 << 20) / 16;
    info->maximum_storage_range_bytes = 1 << 30;
    const rt_shape large = {40, 256, 256, 4}; /* 40 MiB */
    const uint64_t count = rt_shape_pixels(large) * large.c;
    rt_tensor *x = rt_graph_state(graph, "x", large);
    rt_tensor *sum = rt_add(graph, rt_scale(graph, x, 3), rt_scale(graph, x, 5));
    rt_tensor *product = rt_dot(graph, rt_scale(graph, x, 2), sum);
    rt_graph_output(graph, product);
    create(&(rt_phase_options){.no_aliasing = true});
    float *ones = rt_alloc(count, sizeof *ones);
    cr_assert_not_null(ones);
    for (uint64_t i = 0; i < count; i++) ones[i] = 1;
    rt_test_ok(rt_phase_write(phase, x, ones));
    rt_free(ones);
    step();
    cr_assert_gt(rt_phase_memory(phase), 150u << 20, "more than a texel buffer spans");
    cr_assert_float_eq((double)rt_phase_output(phase, product)[0] / (16 * (double)count), 1, 1e-4);
}
