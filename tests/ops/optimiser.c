/* SGD and Adam against plain loops in double, over several steps. */

#include "common/ops/adam.h"
#include "common/ops/advance.h"
#include "common/ops/schedule.h"
#include "common/ops/sgd.h"

#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

enum { STEPS = 6, ROWS = 4, TENSORS = 5, MOST_NUMBERS = 8 * 19 * 9 };

/* Odd sizes, so that padding and gaps lie between them; a statistic, which no optimiser touches. */
static const rt_parameter tensors[TENSORS] = {
    {.name = "conv.weight", .layout = RT_LAYOUT_CONVOLUTION, .dims = {8, 19, 3, 3}, .rank = 4},
    {.name = "bn.weight", .layout = RT_LAYOUT_VECTOR, .dims = {7}, .rank = 1},
    {.name = "bn.running_mean",
     .layout = RT_LAYOUT_VECTOR,
     .dims = {7},
     .rank = 1,
     .statistic = true},
    {.name = "fc.weight", .layout = RT_LAYOUT_LINEAR, .dims = {10, 6}, .rank = 2},
    {.name = "z", .layout = RT_LAYOUT_DENSE, .dims = {3, 1, 1, 5}, .rank = 4},
};

/* One tensor, in double. */
typedef struct state {
    double value[MOST_NUMBERS], first[MOST_NUMBERS], second[MOST_NUMBERS];
} state;

/* What both sides are told. */
typedef struct problem {
    bool adam;
    rt_sgd_options sgd;
    rt_adam_options adam_options;
    double rates[STEPS]; ///< with the last row's from step ROWS on
    state states[TENSORS];
} problem;

static rt_parameters *make_set(void)
{
    rt_parameters *set;
    rt_test_ok(rt_parameters_create(&set));
    for (int i = 0; i < TENSORS; i++) rt_test_ok(rt_parameters_add(set, &tensors[i], NULL));
    rt_test_ok(rt_parameters_allocate(set, rt_test_device()));
    return set;
}

static uint64_t numbers(const rt_parameters *set, uint32_t row)
{
    return rt_parameter_numbers(rt_parameters_row(set, row));
}

static float draw(uint32_t what, uint32_t row, uint64_t i)
{
    return (float)(2 * rt_test_uniform(100 * what + row, i) - 1);
}

static float gradient_of(uint32_t step, uint32_t row, uint64_t i)
{
    return draw(1 + step, row, i) * (i % 5 == 3 ? 0.001f : 1);
}

static void write_values(problem *p, rt_parameters *set)
{
    float values[MOST_NUMBERS];
    for (uint32_t row = 0; row < TENSORS; row++) {
        for (uint64_t i = 0; i < numbers(set, row); i++)
            p->states[row].value[i] = values[i] = draw(0, row, i);
        rt_test_ok(rt_parameters_write(set, RT_PIECE_VALUES, row, values));
    }
}

static void write_gradients(rt_parameters *set, uint32_t step)
{
    float values[MOST_NUMBERS];
    for (uint32_t row = 0; row < TENSORS; row++) {
        if (tensors[row].statistic) continue;
        for (uint64_t i = 0; i < numbers(set, row); i++) values[i] = gradient_of(step, row, i);
        rt_test_ok(rt_parameters_write(set, RT_PIECE_GRADIENTS, row, values));
    }
}

static void reference_sgd(const problem *p, state *s, uint64_t i, double rate, double gradient)
{
    const double momentum = (double)p->sgd.momentum;
    const double g = gradient + (double)p->sgd.weight_decay * s->value[i];
    s->first[i] = momentum * s->first[i] + g;
    s->value[i] -= rate * (p->sgd.nesterov ? g + momentum * s->first[i] : s->first[i]);
}

static void reference_adam(const problem *p, state *s, uint64_t i, uint32_t step, double rate,
                           double gradient)
{
    const rt_adam_options *o = &p->adam_options;
    const double g = gradient + (double)o->weight_decay * s->value[i];
    const uint32_t corrected = step < ROWS ? step + 1 : ROWS; /* the schedule's last row stays */
    s->first[i] = o->beta1 * s->first[i] + (1 - o->beta1) * g;
    s->second[i] = o->beta2 * s->second[i] + (1 - o->beta2) * g * g;
    const double m = s->first[i] / (1 - pow(o->beta1, corrected));
    const double v = s->second[i] / (1 - pow(o->beta2, corrected));
    s->value[i] -= rate * m / (sqrt(v) + (double)o->epsilon);
}

static void reference_step(problem *p, const rt_parameters *set, uint32_t step)
{
    for (uint32_t row = 0; row < TENSORS; row++) {
        for (uint64_t i = 0; i < numbers(set, row) && !tensors[row].statistic; i++) {
            const double gradient = (double)gradient_of(step, row, i);
            if (p->adam)
                reference_adam(p, &p->states[row], i, step, p->rates[step], gradient);
            else
                reference_sgd(p, &p->states[row], i, p->rates[step], gradient);
        }
    }
}

static void compare(rt_parameters *set, rt_parameters_piece piece, uint32_t row,
                    const double *wanted, uint32_t step)
{
    float values[MOST_NUMBERS];
    rt_test_ok(rt_parameters_read(set, piece, row, values));
    for (uint64_t i = 0; i < numbers(set, row); i++)
        cr_assert_float_eq(values[i], wanted[i], 3e-6 * fmax(1, fabs(wanted[i])),
                           "step %u, piece %d of '%s', number %llu: device %.9g, reference %.9g",
                           step, (int)piece, tensors[row].name, (unsigned long long)i, values[i],
                           wanted[i]);
}

static void compare_all(problem *p, rt_parameters *set, uint32_t step)
{
    for (uint32_t row = 0; row < TENSORS; row++) {
        compare(set, RT_PIECE_VALUES, row, p->states[row].value, step);
        if (tensors[row].statistic) continue;
        compare(set, RT_PIECE_MOMENT_1, row, p->states[row].first, step);
        if (p->adam) compare(set, RT_PIECE_MOMENT_2, row, p->states[row].second, step);
    }
}

/* Every float of the trained part that no tensor owns is still 0. */
static void check_gaps(rt_parameters *set)
{
    rt_gpu_range range;
    uint64_t not_zero = 0, values = 0;
    rt_test_ok(rt_parameters_trained(set, RT_PIECE_VALUES, &range));
    float *all = rt_alloc(range.size, 1);
    cr_assert_not_null(all);
    rt_test_ok(rt_gpu_download(rt_test_device(), all, range));
    for (uint64_t i = 0; i < range.size / sizeof *all; i++) not_zero += all[i] != 0;
    for (uint32_t row = 0; row < TENSORS; row++)
        if (!tensors[row].statistic) values += numbers(set, row);
    cr_assert_eq(not_zero, values, "%llu numbers are not 0, %llu are values",
                 (unsigned long long)not_zero, (unsigned long long)values);
    rt_free(all);
}

static rt_tensor *make_schedule(problem *p, rt_graph *graph, double scale)
{
    float rows[ROWS * 4] = {0};
    rt_schedule_cosine(rows, ROWS, 0.1, 0.01);
    rt_schedule_adam(rows, ROWS, p->adam_options.beta1, p->adam_options.beta2);
    for (int i = 0; i < STEPS; i++)
        p->rates[i] = scale * (double)rows[4 * (i < ROWS ? i : ROWS - 1)];
    return rt_graph_constant(graph, "schedule", (rt_shape){ROWS, 1, 1, 4}, rows);
}

/* A graph of nothing but the optimiser: the gradients come from the host, as if of another graph.
 */
static void run(problem *p, double scale)
{
    rt_phase *phase;
    rt_parameters *set = make_set();
    rt_graph *graph = rt_test_graph();
    p->sgd.schedule = p->adam_options.schedule = make_schedule(p, graph, scale);
    if (p->adam)
        rt_adam(graph, set, &p->adam_options);
    else
        rt_sgd(graph, set, &p->sgd);
    rt_advance(graph);
    rt_test_ok(rt_graph_status(graph));
    write_values(p, set);
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, NULL));
    for (uint32_t step = 0; step < STEPS; step++) {
        write_gradients(set, step);
        rt_test_ok(rt_phase_submit(phase));
        rt_test_ok(rt_phase_wait(phase));
        reference_step(p, set, step);
        compare_all(p, set, step);
    }
    check_gaps(set);
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
    rt_phase_free(phase);
    rt_graph_free(graph);
    rt_parameters_free(set);
}

Test(ops_optimiser, sgd_matches_plain_loops)
{
    const struct {
        rt_sgd_options options;
        double scale;
    } cases[] = {
        {{0}, 1}, /* the plain method: a scale of 0 counts as 1 */
        {{.learning_rate_scale = 1, .momentum = 0.9f}, 1},
        {{.learning_rate_scale = 0.5f, .momentum = 0.9f, .weight_decay = 5e-2f}, 0.5},
        {{.learning_rate_scale = 2, .momentum = 0.8f, .weight_decay = 0.1f, .nesterov = true}, 2},
    };
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        problem p = {.sgd = cases[i].options};
        run(&p, cases[i].scale);
    }
}

Test(ops_optimiser, adam_matches_plain_loops)
{
    const struct {
        rt_adam_options options;
        double scale;
    } cases[] = {
        {{.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8f}, 1},
        {{.beta1 = 0.5, .beta2 = 0.999, .epsilon = 1e-8f, .learning_rate_scale = 0.5f}, 0.5},
        {{.beta1 = 0.9, .beta2 = 0.99, .epsilon = 0.1f, .weight_decay = 0.1f}, 1},
        {{.beta1 = 0, .beta2 = 0, .epsilon = 0.5f}, 1},
    };
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        problem p = {.adam = true, .adam_options = cases[i].options};
        run(&p, cases[i].scale);
    }
}

/* The transposed copy of a weight, [tap][out][in], equals its values after the update. */
static void check_transposed(rt_parameters *set, uint32_t row)
{
    const rt_shape shape = rt_parameters_row(set, row)->shape;
    const uint32_t taps = shape.n * shape.h, in = shape.w, out = 4 * rt_vec4s(shape.c);
    rt_gpu_range ranges[2];
    float *copies[2];
    for (int k = 0; k < 2; k++) {
        const rt_parameters_piece piece = k == 0 ? RT_PIECE_VALUES : RT_PIECE_TRANSPOSED;
        rt_test_ok(rt_parameters_range(set, piece, row, &ranges[k]));
        copies[k] = rt_alloc(ranges[k].size, 1);
        cr_assert_not_null(copies[k]);
        rt_test_ok(rt_gpu_download(rt_test_device(), copies[k], ranges[k]));
    }
    for (uint32_t tap = 0; tap < taps; tap++)
        for (uint32_t i = 0; i < in; i++)
            for (uint32_t o = 0; o < out; o++)
                cr_assert_eq(copies[1][(tap * out + o) * in + i],
                             copies[0][(tap * in + i) * out + o], "tap %u, in %u, out %u", tap, i,
                             o);
    rt_free(copies[0]);
    rt_free(copies[1]);
}

Test(ops_optimiser, keeps_transposed_weights_fresh)
{
    const float row[4] = {0.1f, 1, 1};
    problem p;
    rt_gpu_range range;
    for (int adam = 0; adam <= 1; adam++) {
        rt_phase *phase;
        rt_parameters *set = make_set();
        rt_graph *graph = rt_test_graph();
        rt_tensor *schedule = rt_test_rows(graph, 1, 4, row);
        if (adam)
            rt_adam(graph, set,
                    &(rt_adam_options){
                        .schedule = schedule, .beta1 = 0.9, .beta2 = 0.9, .epsilon = 1e-8f});
        else
            rt_sgd(graph, set, &(rt_sgd_options){.schedule = schedule});
        rt_advance(graph);
        write_values(&p, set);
        rt_test_ok(rt_parameters_range(set, RT_PIECE_TRANSPOSED, 0, &range)); /* in use from here */
        rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, NULL));
        write_gradients(set, 0);
        rt_test_ok(rt_phase_submit(phase));
        rt_test_ok(rt_phase_wait(phase));
        check_transposed(set, 0);
        check_transposed(set, 3);
        rt_phase_free(phase);
        rt_graph_free(graph);
        rt_parameters_free(set);
    }
}

static rt_status status_of_adam(rt_parameters *set, rt_shape rows, const rt_adam_options *options)
{
    rt_graph *graph = rt_test_graph();
    rt_adam_options complete = *options;
    complete.schedule = rt_graph_state(graph, "schedule", rows);
    rt_adam(graph, set, &complete);
    const rt_status status = rt_graph_status(graph);
    rt_graph_free(graph);
    return status;
}

static rt_status status_of_sgd(rt_parameters *set, rt_shape rows)
{
    rt_graph *graph = rt_test_graph();
    rt_sgd(graph, set, &(rt_sgd_options){.schedule = rt_graph_state(graph, "schedule", rows)});
    const rt_status status = rt_graph_status(graph);
    rt_graph_free(graph);
    return status;
}

Test(ops_optimiser, refuse_what_does_not_fit)
{
    const rt_shape good = {5, 1, 1, 4}, bad[] = {{5, 1, 1, 3}, {5, 1, 2, 4}};
    const rt_adam_options fine = {.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8f};
    const rt_adam_options options[] = {{.beta1 = 1, .beta2 = 0.9, .epsilon = 1e-8f},
                                       {.beta1 = 0.9, .beta2 = 1, .epsilon = 1e-8f},
                                       {.beta1 = -0.1, .beta2 = 0.9, .epsilon = 1e-8f},
                                       {.beta1 = 0.9, .beta2 = 0.9, .epsilon = 0}};
    rt_parameters *set = make_set(), *empty;
    rt_test_ok(rt_parameters_create(&empty));
    rt_test_ok(rt_parameters_add(empty, &tensors[2], NULL)); /* a statistic alone */
    rt_test_ok(status_of_adam(set, good, &fine));
    rt_test_ok(status_of_sgd(set, good));
    for (size_t i = 0; i < RT_COUNT(bad); i++) {
        cr_assert_eq(status_of_adam(set, bad[i], &fine), RT_ERROR_INPUT);
        cr_assert_eq(status_of_sgd(set, bad[i]), RT_ERROR_INPUT);
    }
    for (size_t i = 0; i < RT_COUNT(options); i++)
        cr_assert_eq(status_of_adam(set, good, &options[i]), RT_ERROR_INPUT, "options %zu", i);
    cr_assert_eq(status_of_adam(empty, good, &fine), RT_ERROR_INTERNAL);
    cr_assert_eq(status_of_sgd(empty, good), RT_ERROR_INTERNAL);
    rt_parameters_free(set);
    rt_parameters_free(empty);
}
