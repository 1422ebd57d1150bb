#include "common/ops/mine_negatives.h"

#include "common/ops/advance.h"
#include "common/ops/l2_normalise.h"
#include "common/ops/pairwise_distance.h"
#include "tests/golden/triplet.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { CELLS = GOLDEN_N * GOLDEN_N };

static void check_golden(rt_sampling sampling, const float *weights, const float *negatives)
{
    const rt_miner_options options = {.sampling = sampling, .form = RT_MINER_COMPAT};
    float own_weights[CELLS], own_negatives[CELLS];
    rt_graph *graph = rt_test_graph();
    rt_tensor *embeddings = rt_test_rows(graph, GOLDEN_N, GOLDEN_D, golden_embeddings);
    rt_tensor *labels = rt_test_rows(graph, GOLDEN_N, 1, golden_labels);
    rt_tensor *draws = rt_test_rows(graph, GOLDEN_N, GOLDEN_N, golden_draws);
    rt_tensor *mined = rt_mine_negatives(graph, embeddings, labels, draws, &options);
    rt_tensor *weighed = mined->producer->inputs[0];
    rt_test_evaluate(graph, 1, (rt_tensor *[]){weighed, mined},
                     (float *[]){own_weights, own_negatives}, 2);
    for (int i = 0; i < CELLS; i++) {
        cr_assert_float_eq(own_weights[i], weights[i], 1e-5, "weight %d: %g, PyTorch %g", i,
                           own_weights[i], weights[i]);
        cr_assert(own_negatives[i] == negatives[i], "negative %d: %g, PyTorch %g", i,
                  own_negatives[i], negatives[i]);
    }
}

Test(ops_mine_negatives, focal_sampling_equals_pytorch)
{
    check_golden(RT_SAMPLING_FOCAL, golden_focal_weights, golden_focal_negatives);
}

Test(ops_mine_negatives, distance_sampling_equals_pytorch)
{
    check_golden(RT_SAMPLING_DISTANCE, golden_distance_weights, golden_distance_negatives);
}

enum { COUNT = 70, SIZE = 100 };

/* `steps` steps on samples of 4 labels around 4 centres. */
static void mine(uint32_t steps, uint32_t labels_used, float *negatives)
{
    static float embeddings[COUNT * SIZE], labels[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        labels[i] = (float)(i % labels_used);
        for (uint32_t c = 0; c < SIZE; c++)
            embeddings[i * SIZE + c] =
                (float)(rt_test_uniform(i % 4, c) + 0.5 * rt_test_uniform(9, i * SIZE + c) - 0.5);
    }
    const rt_miner_options options = {.sampling = RT_SAMPLING_FOCAL, .seed = 3};
    rt_graph *graph = rt_test_graph();
    rt_tensor *mined = rt_mine_negatives(graph, rt_test_rows(graph, COUNT, SIZE, embeddings),
                                         rt_test_rows(graph, COUNT, 1, labels), NULL, &options);
    rt_advance(graph);
    rt_test_evaluate(graph, steps, &mined, (float *[]){negatives}, 1);
}

Test(ops_mine_negatives, the_same_step_gives_the_same_bits_and_the_next_one_others)
{
    static float results[3][COUNT * COUNT];
    mine(1, 4, results[0]);
    mine(1, 4, results[1]);
    mine(2, 4, results[2]);
    cr_assert(memcmp(results[0], results[1], sizeof results[0]) == 0);
    cr_assert(memcmp(results[0], results[2], sizeof results[0]) != 0);
    for (uint32_t a = 0; a < COUNT; a++)
        for (uint32_t p = 0; p < COUNT; p++) {
            const float n = results[0][a * COUNT + p];
            const bool pair = a != p && a % 4 == p % 4;
            cr_assert(pair ? n >= 0 && n < COUNT && (uint32_t)n % 4 != a % 4 : n == -1,
                      "(%u,%u): %g", a, p, n);
        }
}

Test(ops_mine_negatives, one_label_alone_and_no_pairs_give_no_triplets)
{
    static float negatives[COUNT * COUNT];
    mine(1, 1, negatives);
    for (int i = 0; i < COUNT * COUNT; i++) cr_assert(negatives[i] == -1);
    mine(1, COUNT, negatives);
    for (int i = 0; i < COUNT * COUNT; i++) cr_assert(negatives[i] == -1);
}

Test(ops_mine_negatives, no_gradient_reaches_the_embeddings)
{
    rt_graph *graph = rt_test_graph();
    rt_tensor *embeddings = rt_test_rows(graph, GOLDEN_N, GOLDEN_D, golden_embeddings);
    rt_graph_require_gradient(graph, embeddings);
    rt_tensor *mined =
        rt_mine_negatives(graph, embeddings, rt_test_rows(graph, GOLDEN_N, 1, golden_labels), NULL,
                          &(rt_miner_options){.seed = 1});
    rt_test_ok(rt_graph_status(graph));
    cr_assert(!mined->requires_gradient);
    rt_graph_free(graph);
}
