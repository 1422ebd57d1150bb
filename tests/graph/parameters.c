/* Parameter sets: where every number of a file lies on the device, draws, pieces. */

#include "common/graph/graph_private.h"
#include "common/ops/advance.h"
#include "common/ops/conv2d.h"
#include "common/ops/dot.h"
#include "common/ops/sgd.h"
#include "common/ops/sigmoid.h"
#include "tests/graph/support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static rt_parameters *set;

static void begin(void) { rt_test_ok(rt_parameters_create(&set)); }
static void end(void) { rt_parameters_free(set); }

TestSuite(graph_parameters, .init = begin, .fini = end, .timeout = 120);

static uint32_t add(const rt_parameter *parameter)
{
    uint32_t row;
    rt_test_ok(rt_parameters_add(set, parameter, &row));
    return row;
}

/* A layout, and its index formula written once more from tensor.h and parameters.h: where number
 * [o][i][y][x] of the file lies among the padded floats. */
typedef struct layout_case {
    rt_parameter parameter;
    rt_shape shape;
    uint64_t (*position)(uint32_t o, uint32_t i, uint32_t y, uint32_t x);
} layout_case;

static uint64_t vector_5(uint32_t o, uint32_t i, uint32_t y, uint32_t x)
{
    (void)i, (void)y, (void)x;
    return o;
}

/* [6,5,3,2]: a tap has 8 rows of inputs (5 real) of 8 floats (6 real). */
static uint64_t convolution_6532(uint32_t o, uint32_t i, uint32_t y, uint32_t x)
{
    return ((y * 2 + x) * 8 + i) * 8 + o;
}

static uint64_t linear_7_3(uint32_t o, uint32_t i, uint32_t y, uint32_t x)
{
    (void)y, (void)x;
    return i * 8 + o;
}

/* 4 channels of 3x2 pixels: the file has channel c, pixel p at c * 6 + p, the device at p * 4 + c.
 */
static uint64_t linear_to_image(uint32_t o, uint32_t i, uint32_t y, uint32_t x)
{
    (void)y, (void)x;
    return i * 24 + (o % 6) * 4 + o / 6;
}

/* The same for the inputs, of 6 outputs (8 floats a row). */
static uint64_t linear_from_image(uint32_t o, uint32_t i, uint32_t y, uint32_t x)
{
    (void)y, (void)x;
    return ((i % 6) * 4 + i / 6) * 8 + o;
}

static uint64_t vector_to_image(uint32_t o, uint32_t i, uint32_t y, uint32_t x)
{
    return linear_to_image(o, 0 * (i + y + x), 0, 0);
}

static uint64_t dense_2_3_2_5(uint32_t o, uint32_t i, uint32_t y, uint32_t x)
{
    return ((o * 3 + i) * 2 + y) * 8 + x;
}

static const layout_case layout_cases[] = {
    {{.name = "vector", .layout = RT_LAYOUT_VECTOR, .dims = {5}, .rank = 1},
     {1, 1, 1, 5},
     vector_5},
    {{.name = "convolution", .layout = RT_LAYOUT_CONVOLUTION, .dims = {6, 5, 3, 2}, .rank = 4},
     {3, 2, 8, 6},
     convolution_6532},
    {{.name = "linear", .layout = RT_LAYOUT_LINEAR, .dims = {7, 3}, .rank = 2},
     {1, 1, 4, 7},
     linear_7_3},
    {{.name = "linear_to_image",
      .layout = RT_LAYOUT_LINEAR_TO_IMAGE,
      .dims = {24, 5},
      .rank = 2,
      .image_h = 3,
      .image_w = 2,
      .image_c = 4},
     {1, 1, 8, 24},
     linear_to_image},
    {{.name = "linear_from_image",
      .layout = RT_LAYOUT_LINEAR_FROM_IMAGE,
      .dims = {6, 24},
      .rank = 2,
      .image_h = 3,
      .image_w = 2,
      .image_c = 4},
     {1, 1, 24, 6},
     linear_from_image},
    {{.name = "vector_to_image",
      .layout = RT_LAYOUT_VECTOR_TO_IMAGE,
      .dims = {24},
      .rank = 1,
      .image_h = 3,
      .image_w = 2,
      .image_c = 4},
     {1, 1, 1, 24},
     vector_to_image},
    {{.name = "dense", .layout = RT_LAYOUT_DENSE, .dims = {2, 3, 2, 5}, .rank = 4},
     {2, 3, 2, 5},
     dense_2_3_2_5},
    {{.name = "statistic", .layout = RT_LAYOUT_VECTOR, .dims = {5}, .rank = 1, .statistic = true},
     {1, 1, 1, 5},
     vector_5},
};

static void check_layout(const layout_case *c, uint32_t row)
{
    const rt_parameter *p = rt_parameters_row(set, row);
    const uint64_t numbers = rt_parameter_numbers(p), floats = 4 * rt_shape_vec4_count(c->shape);
    float *file = calloc(numbers, sizeof *file), *device = calloc(floats, sizeof *device);
    float *expected = calloc(floats, sizeof *expected), *back = calloc(numbers, sizeof *back);
    cr_assert(rt_shape_equal(p->shape, c->shape), "shape of '%s'", p->name);
    uint64_t number = 0;
    for (uint32_t o = 0; o < p->dims[0]; o++)
        for (uint32_t i = 0; i < p->dims[1]; i++)
            for (uint32_t y = 0; y < p->dims[2]; y++)
                for (uint32_t x = 0; x < p->dims[3]; x++) {
                    file[number] = (float)(number + 1);
                    expected[c->position(o, i, y, x)] = file[number++];
                }
    cr_assert_eq(number, numbers);
    rt_gpu_range range;
    rt_test_ok(rt_parameters_write(set, RT_PIECE_VALUES, row, file));
    rt_test_ok(rt_parameters_range(set, RT_PIECE_VALUES, row, &range));
    cr_assert_eq(range.size, 4 * floats);
    rt_test_ok(rt_gpu_download(rt_test_device(), device, range));
    cr_assert_eq(memcmp(device, expected, 4 * floats), 0, "'%s' lies elsewhere", p->name);
    rt_test_ok(rt_parameters_read(set, RT_PIECE_VALUES, row, back));
    cr_assert_eq(memcmp(back, file, 4 * numbers), 0, "'%s' comes back changed", p->name);
    free(file), free(device), free(expected), free(back);
}

Test(graph_parameters, lays_out_every_kind_of_tensor)
{
    for (uint32_t i = 0; i < RT_COUNT(layout_cases); i++)
        cr_assert_eq(add(&layout_cases[i].parameter), i);
    rt_test_ok(rt_parameters_allocate(set, rt_test_device()));
    for (uint32_t i = 0; i < RT_COUNT(layout_cases); i++) check_layout(&layout_cases[i], i);
    /* Writing one tensor left the others alone. */
    for (uint32_t i = 0; i < RT_COUNT(layout_cases); i++) {
        float values[256];
        rt_test_ok(rt_parameters_read(set, RT_PIECE_VALUES, i, values));
        cr_assert_eq(values[0], 1);
    }
    cr_assert_eq(rt_parameters_trained_numbers(set), 5 + 6 * 5 * 3 * 2 + 21 + 120 + 144 + 24 + 60);
}

Test(graph_parameters, finds_rows_by_name)
{
    add(&layout_cases[0].parameter);
    add(&layout_cases[1].parameter);
    cr_assert_eq(rt_parameters_find(set, "convolution"), 1);
    cr_assert_eq(rt_parameters_find(set, "conv"), -1);
    cr_assert_eq(rt_parameters_count(set), 2);
    cr_assert_eq(rt_parameters_add(set, &layout_cases[0].parameter, NULL), RT_ERROR_INTERNAL);
    rt_test_ok(rt_parameters_allocate(set, rt_test_device()));
    cr_assert_eq(rt_parameters_add(set, &layout_cases[2].parameter, NULL), RT_ERROR_INTERNAL);
}

Test(graph_parameters, keeps_pieces_apart)
{
    const uint32_t weight = add(&layout_cases[1].parameter), mean = add(&layout_cases[7].parameter);
    float values[180], zeros[180] = {0}, read[180];
    rt_gpu_range range;
    cr_assert_eq(rt_parameters_trained(set, RT_PIECE_VALUES, &range), RT_ERROR_INTERNAL);
    rt_test_ok(rt_parameters_allocate(set, rt_test_device()));
    cr_assert_not(rt_parameters_has(set, RT_PIECE_MOMENT_1));
    for (int i = 0; i < 180; i++) values[i] = (float)i - 90;
    for (int piece = RT_PIECE_GRADIENTS; piece <= RT_PIECE_MOMENT_2; piece++) {
        rt_test_ok(rt_parameters_read(set, (rt_parameters_piece)piece, weight, read));
        cr_assert_eq(memcmp(read, zeros, sizeof read), 0, "piece %d is not 0 at first", piece);
        rt_test_ok(rt_parameters_write(set, (rt_parameters_piece)piece, weight, values));
        rt_test_ok(rt_parameters_read(set, RT_PIECE_VALUES, weight, read));
        cr_assert_eq(memcmp(read, zeros, sizeof read), 0, "piece %d lies on the values", piece);
    }
    rt_test_ok(rt_parameters_reset_moments(set));
    rt_test_ok(rt_parameters_read(set, RT_PIECE_MOMENT_2, weight, read));
    cr_assert_eq(memcmp(read, zeros, sizeof read), 0);
    rt_test_ok(rt_parameters_read(set, RT_PIECE_GRADIENTS, weight, read));
    cr_assert_eq(memcmp(read, values, sizeof read), 0);
    cr_assert_eq(rt_parameters_range(set, RT_PIECE_GRADIENTS, mean, &range), RT_ERROR_INTERNAL);
}

static const rt_parameter drawn[] = {
    {.name = "normal",
     .layout = RT_LAYOUT_CONVOLUTION,
     .dims = {20, 10, 3, 3},
     .rank = 4,
     .initial = {RT_INITIAL_NORMAL, 1, 0.5f}},
    {.name = "uniform",
     .layout = RT_LAYOUT_LINEAR,
     .dims = {40, 50},
     .rank = 2,
     .initial = {RT_INITIAL_UNIFORM, -0.25f, 0.75f}},
    {.name = "one", .layout = RT_LAYOUT_VECTOR, .dims = {9}, .rank = 1, .initial = {.a = 1}},
    {.name = "running_var",
     .layout = RT_LAYOUT_VECTOR,
     .dims = {9},
     .rank = 1,
     .statistic = true,
     .initial = {.a = 3}},
};
enum { DRAWN = 2000 };

static void initialise(uint64_t seed, uint32_t stream, uint32_t step, bool keep, float (*v)[DRAWN])
{
    rt_test_ok(rt_parameters_initialise(set, seed, stream, step, keep));
    for (uint32_t row = 0; row < 4; row++)
        rt_test_ok(rt_parameters_read(set, RT_PIECE_VALUES, row, v[row]));
}

static void check_moments(const float *values, double mean, double deviation)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < 1800; i++) sum += values[i];
    for (uint32_t i = 0; i < 1800; i++) squares += pow(values[i] - sum / 1800, 2);
    /* Five standard errors of a mean and of a deviation of 1800 draws. */
    cr_assert_float_eq(sum / 1800, mean, 5 * deviation / sqrt(1800));
    cr_assert_float_eq(sqrt(squares / 1800), deviation, 5 * deviation / sqrt(3600));
}

Test(graph_parameters, draws_by_seed_stream_and_step_alone)
{
    static float a[4][DRAWN], b[4][DRAWN];
    for (uint32_t i = 0; i < 4; i++) add(&drawn[i]);
    rt_test_ok(rt_parameters_allocate(set, rt_test_device()));
    initialise(7, 1, 2, false, a);
    check_moments(a[0], 1, 0.5);
    check_moments(a[1], 0.25, 1 / sqrt(12));
    for (int i = 0; i < 2000; i++) cr_assert(a[1][i] >= -0.25f && a[1][i] < 0.75f);
    for (int i = 0; i < 9; i++) cr_assert(a[2][i] == 1 && a[3][i] == 3);
    const struct {
        uint64_t seed;
        uint32_t stream, step;
    } others[] = {{8, 1, 2}, {7, 2, 2}, {7, 1, 3}};
    for (size_t i = 0; i < RT_COUNT(others); i++) {
        initialise(others[i].seed, others[i].stream, others[i].step, false, b);
        cr_assert_neq(a[0][0], b[0][0]);
        cr_assert_neq(a[1][7], b[1][7]);
    }
    initialise(7, 1, 2, false, b);
    cr_assert_eq(memcmp(a, b, sizeof a), 0);
    /* Not of the numbers beside it: the same row of a set with other rows. */
    const float statistic[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    rt_test_ok(rt_parameters_write(set, RT_PIECE_VALUES, 3, statistic));
    initialise(7, 1, 2, true, b);
    cr_assert_eq(memcmp(b[3], statistic, sizeof statistic), 0, "a statistic was drawn anew");
    initialise(7, 1, 2, false, b);
    cr_assert_eq(b[3][8], 3);
}

/* Whether the device holds [tap][out][in] of what the file's [o][i][y][x] says now. */
static void check_transposed(uint32_t row)
{
    const rt_parameter *p = rt_parameters_row(set, row);
    float file[6 * 5 * 3 * 2], device[3 * 2 * 8 * 8];
    rt_gpu_range range;
    rt_test_ok(rt_parameters_read(set, RT_PIECE_VALUES, row, file));
    rt_test_ok(rt_parameters_range(set, RT_PIECE_TRANSPOSED, row, &range));
    rt_test_ok(rt_gpu_download(rt_test_device(), device, range));
    for (uint32_t o = 0; o < 6; o++)
        for (uint32_t i = 0; i < 5; i++)
            for (uint32_t tap = 0; tap < 6; tap++)
                cr_assert_eq(device[(tap * 8 + o) * 8 + i], file[(o * 5 + i) * 6 + tap],
                             "'%s' [%u][%u] tap %u is stale", p->name, o, i, tap);
}

static void write_convolution(uint32_t row, uint64_t seed)
{
    float values[180];
    for (uint32_t i = 0; i < 180; i++) values[i] = (float)rt_test_uniform(seed, i);
    rt_test_ok(rt_parameters_write(set, RT_PIECE_VALUES, row, values));
}

Test(graph_parameters, keeps_transposed_copies_fresh)
{
    const uint32_t row = add(&layout_cases[1].parameter);
    rt_gpu_range range;
    rt_test_ok(rt_parameters_allocate(set, rt_test_device()));
    write_convolution(row, 1);
    rt_test_ok(rt_parameters_refresh(set)); /* not in use: nothing to do */
    cr_assert_not(rt_parameters_transposed_in_use(set));
    rt_test_ok(rt_parameters_range(set, RT_PIECE_TRANSPOSED, row, &range));
    rt_test_ok(rt_parameters_refresh(set));
    check_transposed(row);
    write_convolution(row, 2);
    rt_test_ok(rt_parameters_refresh(set));
    check_transposed(row);
    rt_test_ok(rt_parameters_initialise(set, 1, 1, 1, false));
    rt_test_ok(rt_parameters_refresh(set));
    check_transposed(row);
}

/* A phase that trains a convolution's weights without any use for transposed copies, or one that
 * takes gradients of a convolution's input and does not train. */
typedef struct user {
    rt_graph *graph;
    rt_phase *phase;
} user;

static void build_training(rt_graph *graph, uint32_t row)
{
    rt_tensor *weight = rt_graph_parameter(graph, set, row, true);
    rt_tensor *y = rt_sigmoid(graph, weight); /* reads y, not the weights, in its backward pass */
    rt_graph_differentiate(graph, rt_dot(graph, y, y));
    const float rate[] = {0.1f, 0, 0, 0};
    rt_tensor *schedule = rt_graph_constant(graph, "schedule", (rt_shape){1, 1, 1, 4}, rate);
    rt_sgd(graph, set, &(rt_sgd_options){.schedule = schedule, .momentum = 0.9f});
    rt_advance(graph);
}

static void build_reading(rt_graph *graph, uint32_t row)
{
    rt_tensor *x = rt_graph_state(graph, "x", (rt_shape){2, 5, 4, 5});
    rt_graph_require_gradient(graph, x);
    rt_tensor *y = rt_conv2d(graph, x, rt_graph_parameter(graph, set, row, false), NULL,
                             &(rt_conv2d_options){.stride = 1, .padding = 1});
    rt_graph_differentiate(graph, rt_dot(graph, y, y));
    rt_graph_output(graph, x->gradient);
}

static void make_user(user *u, uint32_t row, bool trains)
{
    rt_test_ok(rt_graph_create(&u->graph));
    if (trains)
        build_training(u->graph, row);
    else
        build_reading(u->graph, row);
    rt_test_ok(rt_graph_status(u->graph));
    rt_test_ok(rt_phase_create(&u->phase, rt_test_device(), u->graph, NULL));
}

static void run_user(const user *u)
{
    rt_test_ok(rt_phase_submit(u->phase));
    rt_test_ok(rt_phase_wait(u->phase));
}

static void free_user(const user *u)
{
    rt_phase_free(u->phase);
    rt_graph_free(u->graph);
}

/* An optimiser recorded before anyone wants copies does not make them, so what it changes is stale;
 * one recorded later makes them itself. */
Test(graph_parameters, keeps_transposed_copies_fresh_while_training)
{
    const uint32_t row = add(&layout_cases[1].parameter);
    rt_test_ok(rt_parameters_allocate(set, rt_test_device()));
    write_convolution(row, 3);
    user before, reading, after;
    make_user(&before, row, true);
    cr_assert_not(rt_parameters_transposed_in_use(set));
    make_user(&reading, row, false);
    make_user(&after, row, true);
    for (int step = 0; step < 3; step++) {
        run_user(&before);
        run_user(&reading);
        check_transposed(row);
        run_user(&after);
        check_transposed(row);
        run_user(&before);
        run_user(&before);
        run_user(&reading);
        check_transposed(row);
    }
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
    free_user(&before);
    free_user(&reading);
    free_user(&after);
}
