#include "tests/graph/support.h"

#include "common/ops/elementwise.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const rt_shape rt_test_leaf_shape = {2, 3, 1, 5};

enum { PADDED = 2 * 3 * 8, PLANS = 4 };

double rt_test_sigmoid(double x) { return 1 / (1 + exp(-x)); }

void rt_test_fill(rt_shape shape, uint64_t seed, float *padded)
{
    const uint32_t stride = 4 * rt_vec4s(shape.c);
    for (uint64_t i = 0; i < 4 * rt_shape_vec4_count(shape); i++)
        padded[i] = i % stride < shape.c ? (float)(2 * rt_test_uniform(seed, i) - 1) : 0;
}

/* The fork: y0 = 2x, y1 = -3x, made of the engine's `scale` and `accumulate` kernels. */

static rt_status fork_shape(rt_graph *graph, rt_node *node)
{
    RT_TRY(rt_node_output(graph, node, "twice", node->inputs[0]->shape));
    return rt_node_output(graph, node, "minus_thrice", node->inputs[0]->shape);
}

static rt_status multiply(rt_program *program, rt_gpu_range from, rt_gpu_range to, double factor)
{
    const rt_dispatch dispatch = {
        .shader = "scale", .push = {RT_CONSTANT("factor", factor)}, .bindings = {from, to}};
    return rt_dispatch_items(program, from.size / 16, &dispatch);
}

static rt_status fork_forward(rt_program *program, const rt_node *node)
{
    RT_TRY(multiply(program, node->inputs[0]->range, node->outputs[0]->range, 2));
    return multiply(program, node->inputs[0]->range, node->outputs[1]->range, -3);
}

static rt_status fork_backward(rt_program *program, const rt_node *node)
{
    const rt_gpu_range x = node->input_gradients[0]->range;
    const double factors[] = {2, -3};
    bool first = true;
    for (uint32_t i = 0; i < 2; i++) {
        if (node->output_gradients[i] == NULL) continue;
        rt_gpu_range part = node->scratch;
        part.size = x.size;
        RT_TRY(multiply(program, node->output_gradients[i]->range, first ? x : part, factors[i]));
        const rt_dispatch sum = {.shader = "accumulate", .bindings = {part, x, x}};
        if (!first) RT_TRY(rt_dispatch_items(program, x.size / 16, &sum));
        first = false;
    }
    return RT_OK;
}

static uint64_t fork_scratch(const rt_node *node, rt_pass pass)
{
    return pass == RT_PASS_BACKWARD ? rt_shape_bytes(node->inputs[0]->shape) : 0;
}

static const rt_operator fork_operator = {.name = "fork",
                                          .infer_shape = fork_shape,
                                          .forward = fork_forward,
                                          .backward = fork_backward,
                                          .scratch = fork_scratch};

rt_tensor *rt_test_fork(rt_graph *graph, rt_tensor *x, rt_tensor **second)
{
    rt_tensor *first = rt_graph_apply(graph, &fork_operator, &x, 1, NULL, 0);
    if (second != NULL) *second = first != NULL ? first->producer->outputs[1] : NULL;
    return first;
}

/* A test on the device. */
typedef struct run {
    const rt_gradient_test *test;
    rt_graph *graph;
    rt_parameters *parameters;
    rt_phase *phase;
    rt_tensor *leaves[RT_TEST_LEAVES], *loss;
} run;

static void make_leaf(run *r, uint32_t i)
{
    char name[16];
    const rt_test_leaf kind = r->test->leaves[i];
    const rt_shape s = rt_test_leaf_shape;
    snprintf(name, sizeof name, "leaf%u", i);
    if (kind == RT_TEST_LEAF_STATE) {
        r->leaves[i] = rt_graph_state(r->graph, name, s);
        rt_graph_require_gradient(r->graph, r->leaves[i]);
    } else if (kind != RT_TEST_LEAF_NONE) {
        uint32_t row;
        rt_test_ok(rt_parameters_add(
            r->parameters,
            &(rt_parameter){
                .name = name, .layout = RT_LAYOUT_DENSE, .dims = {s.n, s.h, s.w, s.c}, .rank = 4},
            &row));
        r->leaves[i] =
            rt_graph_parameter(r->graph, r->parameters, row, kind == RT_TEST_LEAF_TRAINED);
    }
}

static void begin(run *r, const float (*values)[RT_TEST_NUMBERS], const rt_phase_options *options)
{
    float padded[PADDED];
    rt_test_ok(rt_graph_create(&r->graph));
    rt_test_ok(rt_parameters_create(&r->parameters));
    for (uint32_t i = 0; i < RT_TEST_LEAVES; i++) make_leaf(r, i);
    r->loss = r->test->build(r->graph, r->leaves);
    rt_graph_output(r->graph, r->loss);
    rt_graph_differentiate(r->graph, r->loss);
    rt_test_ok(rt_graph_status(r->graph));
    for (uint32_t i = 0; i < RT_TEST_LEAVES; i++)
        if (r->test->leaves[i] != RT_TEST_LEAF_NONE && r->leaves[i]->gradient != NULL)
            rt_graph_output(r->graph, r->leaves[i]->gradient);
    if (rt_parameters_count(r->parameters) > 0)
        rt_test_ok(rt_parameters_allocate(r->parameters, rt_test_device()));
    rt_test_ok(rt_phase_create(&r->phase, rt_test_device(), r->graph, options));
    for (uint32_t i = 0; i < RT_TEST_LEAVES; i++) {
        const rt_tensor *leaf = r->leaves[i];
        if (leaf == NULL) continue;
        rt_tensor_pack(leaf->shape, values[i], padded);
        if (leaf->kind == RT_TENSOR_STATE)
            rt_test_ok(rt_phase_write(r->phase, leaf, padded));
        else
            rt_test_ok(
                rt_parameters_write(r->parameters, RT_PIECE_VALUES, leaf->parameter, values[i]));
    }
}

/* Two steps: the second finds the memory as the first left it. */
static void execute(const run *r, float *loss, float (*gradients)[RT_TEST_NUMBERS])
{
    for (int step = 0; step < 2; step++) {
        rt_test_ok(rt_phase_submit(r->phase));
        rt_test_ok(rt_phase_wait(r->phase));
    }
    *loss = rt_phase_output(r->phase, r->loss)[0];
    for (uint32_t i = 0; i < RT_TEST_LEAVES; i++) {
        if (r->leaves[i] == NULL || r->test->leaves[i] == RT_TEST_LEAF_FROZEN) continue;
        const rt_tensor *gradient = r->leaves[i]->gradient;
        cr_assert_not_null(gradient, "leaf %u has no gradient", i);
        const float *padded = rt_phase_output(r->phase, gradient);
        for (uint32_t j = 0; j < PADDED; j++)
            if (j % 8 >= 5) cr_assert(padded[j] == 0, "padding %u of leaf %u is not 0", j, i);
        rt_tensor_unpack(rt_test_leaf_shape, padded, gradients[i]);
        if (r->test->leaves[i] != RT_TEST_LEAF_TRAINED) continue;
        float set[RT_TEST_NUMBERS];
        rt_test_ok(
            rt_parameters_read(r->parameters, RT_PIECE_GRADIENTS, r->leaves[i]->parameter, set));
        cr_assert_eq(memcmp(set, gradients[i], sizeof set), 0, "leaf %u: not in its set", i);
    }
}

static double evaluate(const rt_gradient_test *test, double (*at)[RT_TEST_NUMBERS],
                       double (*fixed)[RT_TEST_NUMBERS])
{
    return test->detached_value != NULL ? test->detached_value(at, fixed) : test->value(at);
}

static void compare(const rt_gradient_test *test, const float (*values)[RT_TEST_NUMBERS],
                    float loss, float (*gradients)[RT_TEST_NUMBERS])
{
    double at[RT_TEST_LEAVES][RT_TEST_NUMBERS], fixed[RT_TEST_LEAVES][RT_TEST_NUMBERS];
    for (uint32_t i = 0; i < RT_TEST_LEAVES; i++)
        for (uint32_t j = 0; j < RT_TEST_NUMBERS; j++)
            fixed[i][j] = at[i][j] = (double)values[i][j];
    const double expected = test->value(at), difference = 1e-5;
    cr_assert_float_eq(loss, expected, 1e-5 * fmax(1, fabs(expected)), "loss %.9g, expected %.9g",
                       (double)loss, expected);
    for (uint32_t i = 0; i < RT_TEST_LEAVES; i++) {
        if (test->leaves[i] != RT_TEST_LEAF_STATE && test->leaves[i] != RT_TEST_LEAF_TRAINED)
            continue;
        for (uint32_t j = 0; j < RT_TEST_NUMBERS; j++) {
            at[i][j] = fixed[i][j] + difference;
            double slope = evaluate(test, at, fixed);
            at[i][j] = fixed[i][j] - difference;
            slope = (slope - evaluate(test, at, fixed)) / (2 * difference);
            at[i][j] = fixed[i][j];
            cr_assert_float_eq(gradients[i][j], slope, 1e-5 * fmax(1, fabs(slope)),
                               "leaf %u number %u: gradient %.9g, difference %.9g", i, j,
                               (double)gradients[i][j], slope);
        }
    }
}

void rt_test_gradients(const rt_gradient_test *test)
{
    const rt_phase_options plans[PLANS] = {
        {0}, {.poison = true}, {.no_aliasing = true}, {.no_joining = true}};
    static float values[RT_TEST_LEAVES][RT_TEST_NUMBERS];
    static float gradients[PLANS][RT_TEST_LEAVES][RT_TEST_NUMBERS];
    float losses[PLANS];
    memset(gradients, 0, sizeof gradients);
    for (uint32_t i = 0; i < RT_TEST_LEAVES; i++)
        for (uint32_t j = 0; j < RT_TEST_NUMBERS; j++)
            values[i][j] = (float)(2 * rt_test_uniform(i, j) - 1);
    for (int plan = 0; plan < PLANS; plan++) {
        run r = {.test = test};
        begin(&r, (const float(*)[RT_TEST_NUMBERS])values, &plans[plan]);
        execute(&r, &losses[plan], gradients[plan]);
        rt_phase_free(r.phase);
        rt_graph_free(r.graph);
        rt_parameters_free(r.parameters);
        cr_assert_eq(memcmp(gradients[plan], gradients[0], sizeof gradients[0]), 0,
                     "memory plan %d gives other gradients", plan);
        cr_assert_eq(memcmp(&losses[plan], &losses[0], sizeof losses[0]), 0);
    }
    compare(test, (const float(*)[RT_TEST_NUMBERS])values, losses[0], gradients[0]);
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
}
