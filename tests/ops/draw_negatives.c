#include "common/ops/draw_negatives.h"

#include "common/base/random.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_draw_negatives(graph, inputs[0], inputs[1], inputs[2], parameters);
}

/* From behind: the last sample after whose weight at least the share 1 - u is left. */
static int draw(const double *weights, uint32_t n, double u)
{
    double total = 0, before = 0;
    for (uint32_t j = 0; j < n; j++) total += weights[j];
    if (total == 0) return -1;
    int chosen = -1;
    for (uint32_t j = 0; j < n; j++) {
        if (weights[j] > 0 && before <= u * total) chosen = (int)j;
        before += weights[j];
    }
    return chosen;
}

static void reference(const rt_reference_call *call, double *y)
{
    const uint32_t n = call->input_shapes[0].n;
    const double *labels = call->inputs[1];
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t p = 0; p < n; p++) {
            const size_t cell = (size_t)a * n + p;
            const bool pair = a != p && labels[a] >= 0 && labels[a] == labels[p];
            y[cell] = pair ? draw(call->inputs[0] + (size_t)a * n, n, call->inputs[2][cell]) : -1;
        }
}

/* Whole numbers, so that every order of summing gives the same sums; many and at times all 0. */
static void generate_weights(const rt_test_draw *draw, float *values)
{
    for (uint64_t i = 0; i < draw->count; i++) {
        const double u = rt_test_uniform(draw->seed, i);
        const bool empty_row = i / draw->shape.c % 5 == 3;
        values[i] = u < 0.5 || empty_row ? 0 : (float)floor(20 * u);
    }
}

static void generate_labels(const rt_test_draw *draw, float *values)
{
    for (uint64_t i = 0; i < draw->count; i++)
        values[i] = (float)floor(4 * rt_test_uniform(draw->seed, i)) - 1;
}

/* Up to and including 1, which a generator of [0,1) does not make. */
static void generate_draws(const rt_test_draw *draw, float *values)
{
    for (uint64_t i = 0; i < draw->count; i++)
        values[i] = i % 11 == 0 ? (float)(i % 2) : (float)rt_test_uniform(draw->seed, i);
}

Test(ops_draw_negatives, matches_reference_for_given_draws)
{
    const rt_shape shapes[] = {{1, 1, 1, 1},   {1, 1, 1, 1},   {1, 1, 1, 1},   {2, 1, 1, 2},
                               {2, 1, 1, 1},   {2, 1, 1, 2},   {13, 1, 1, 13}, {13, 1, 1, 1},
                               {13, 1, 1, 13}, {67, 1, 1, 67}, {67, 1, 1, 1},  {67, 1, 1, 67}};
    const rt_miner_options options = {0};
    const rt_operator_test test = {
        .build = build,
        .reference = reference,
        .parameters = &options,
        .input_count = 3,
        .inputs = {{.no_gradient = true, .generate = generate_weights},
                   {.no_gradient = true, .generate = generate_labels},
                   {.no_gradient = true, .generate = generate_draws}},
        .forward_tolerance = 1e-9,
        .no_gradient = true,
        .seed = 43,
    };
    rt_test_operator(&test, shapes, RT_COUNT(shapes));
}

enum { ANCHORS = 33, CANDIDATES = 8, COUNT = ANCHORS + CANDIDATES };

/* ANCHORS samples of label 0 whose negatives are CANDIDATES samples of label 1 with weights 1, 2,
 * ..., 8; these have no negatives. `words`: the counters. */
static void draw_with_philox(uint64_t seed, uint32_t stream, uint32_t step, float *negatives)
{
    static float weights[COUNT * COUNT];
    float labels[COUNT];
    for (int i = 0; i < COUNT; i++) labels[i] = i >= ANCHORS;
    for (int a = 0; a < ANCHORS; a++)
        for (int k = 0; k < CANDIDATES; k++) weights[a * COUNT + ANCHORS + k] = (float)(k + 1);
    rt_graph *graph = rt_test_graph();
    const rt_miner_options options = {.seed = seed, .stream = stream};
    rt_tensor *y = rt_draw_negatives(graph, rt_test_rows(graph, COUNT, COUNT, weights),
                                     rt_test_rows(graph, COUNT, 1, labels), NULL, &options);
    rt_graph_output(graph, y);
    rt_phase *phase;
    rt_test_ok(rt_graph_status(graph));
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, NULL));
    const uint32_t words[4] = {step, 77, 0, 0};
    rt_test_ok(rt_phase_write(phase, rt_graph_counters(graph), words));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    rt_tensor_unpack(y->shape, rt_phase_output(phase, y), negatives);
    rt_phase_free(phase);
    rt_graph_free(graph);
}

Test(ops_draw_negatives, draws_follow_the_host_generator)
{
    static float negatives[COUNT * COUNT];
    const uint64_t seed = 0x123456789abcdef0u;
    draw_with_philox(seed, 0, 1000, negatives);
    for (uint32_t a = 0; a < COUNT; a++)
        for (uint32_t p = 0; p < COUNT; p++) {
            int wanted = -1;
            if (a != p && a < ANCHORS && p < ANCHORS) {
                uint32_t words[4];
                rt_philox(seed, RT_STREAM_TRIPLET, 1000, a * COUNT + p, words);
                float sum = 1;
                wanted = ANCHORS;
                while (sum <= rt_random_uniform(words[0]) * 36)
                    sum += (float)(++wanted - ANCHORS + 1);
            }
            cr_assert(negatives[a * COUNT + p] == (float)wanted, "pair (%u,%u): %g, not %d", a, p,
                      negatives[a * COUNT + p], wanted);
        }
}

Test(ops_draw_negatives, frequencies_follow_the_weights)
{
    static float negatives[COUNT * COUNT];
    double observed[CANDIDATES] = {0}, total = 0, chi_square = 0;
    for (uint32_t step = 0; step < 10; step++) {
        draw_with_philox(5, 0, step, negatives);
        for (int i = 0; i < COUNT * COUNT; i++) {
            if (negatives[i] < 0) continue;
            observed[(int)negatives[i] - ANCHORS]++;
            total++;
        }
    }
    cr_assert_float_eq(total, 10 * ANCHORS * (ANCHORS - 1), 0);
    for (int k = 0; k < CANDIDATES; k++) {
        const double expected = total * (k + 1) / 36;
        chi_square += (observed[k] - expected) * (observed[k] - expected) / expected;
    }
    /* 7 degrees of freedom: 24.3 is exceeded once in a thousand. Far too even would be wrong too.
     */
    cr_assert(chi_square < 24.3 && chi_square > 0.6, "chi square %g", chi_square);
}

Test(ops_draw_negatives, step_seed_and_stream_change_the_draws)
{
    static float results[4][COUNT * COUNT];
    draw_with_philox(5, 0, 0, results[0]);
    draw_with_philox(5, 0, 1, results[1]);
    draw_with_philox(5 + (1ull << 32), 0, 0, results[2]);
    draw_with_philox(5, RT_STREAM_AUGMENT, 0, results[3]);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++) {
            int different = 0;
            for (int k = 0; k < COUNT * COUNT; k++) different += results[i][k] != results[j][k];
            cr_assert(different > ANCHORS * ANCHORS / 2, "%d and %d: %d differ", i, j, different);
        }
}
