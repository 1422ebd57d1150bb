#include "common/ops/triplet_loss.h"

#include "common/ops/l2_normalise.h"
#include "tests/golden/triplet.h"
#include "tests/ops/evaluate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void build(rt_graph *graph, const void *parameters, rt_tensor *const *inputs,
                  rt_tensor **outputs)
{
    outputs[0] = rt_triplet_loss(graph, inputs[0], inputs[1], parameters);
}

static double distance(const double *features, uint32_t size, size_t i, size_t j)
{
    double squares = 0;
    for (uint32_t c = 0; c < size; c++)
        squares += pow(features[i * size + c] - features[j * size + c] + 1e-6, 2);
    return sqrt(squares);
}

static void reference(const rt_reference_call *call, double *y)
{
    const rt_triplet_options *options = call->parameters;
    const uint32_t n = call->input_shapes[0].n, size = call->input_shapes[0].c;
    double sum = 0, triplets = 0;
    for (size_t a = 0; a < n; a++)
        for (size_t p = 0; p < n; p++) {
            const double negative = call->inputs[1][a * n + p];
            if (negative < 0) continue;
            const double same = distance(call->inputs[0], size, a, p);
            const double other = distance(call->inputs[0], size, a, (size_t)negative);
            const bool swapped = options->direction == RT_DIRECTION_PAPER;
            sum += fmax(0, (swapped ? other - same : same - other) + options->margin);
            triplets++;
        }
    y[0] = triplets > 0 ? sum / triplets : 0;
}

/* Labels i % 3, except that every sixth sample has none; a sample of another label by chance. */
static void generate_negatives(const rt_test_draw *draw, float *values)
{
    const uint32_t n = draw->shape.n;
    for (uint32_t a = 0; a < n; a++)
        for (uint32_t p = 0; p < n; p++) {
            const uint64_t i = (uint64_t)a * n + p;
            const bool pair = a != p && a % 3 == p % 3 && a % 6 != 5 && p % 6 != 5;
            uint32_t negative = (uint32_t)(rt_test_uniform(draw->seed, i) * n);
            if (negative % 3 == a % 3) negative = negative > 0 ? negative - 1 : 1;
            values[i] = pair && negative < n && negative % 3 != a % 3 ? (float)negative : -1;
        }
}

Test(ops_triplet_loss, matches_reference_and_finite_differences)
{
    const rt_shape shapes[] = {{5, 1, 1, 3},   {5, 1, 1, 5},   {13, 1, 1, 10},
                               {13, 1, 1, 13}, {66, 1, 1, 64}, {66, 1, 1, 66}};
    const rt_direction directions[] = {RT_DIRECTION_RELEASED, RT_DIRECTION_PAPER};
    for (size_t d = 0; d < RT_COUNT(directions); d++) {
        const rt_triplet_options options = {.margin = 0.2f, .direction = directions[d]};
        const rt_operator_test test = {
            .build = build,
            .reference = reference,
            .parameters = &options,
            .input_count = 2,
            .inputs = {{0}, {.no_gradient = true, .generate = generate_negatives}},
            .forward_tolerance = 2e-6,
            .gradient_tolerance = 2e-5,
            .difference = 1e-6, /* kinks of a thousand triplets are close to each other */
            .seed = 47,
        };
        rt_test_operator(&test, shapes, RT_COUNT(shapes));
    }
}

Test(ops_triplet_loss, known_values)
{
    const float features[] = {1, 0, 0.8f, 0.6f, 0.6f, 0.8f};
    const float negatives[] = {-1, 2, -1, -1, -1, -1, -1, -1, -1};
    const rt_direction directions[] = {RT_DIRECTION_RELEASED, RT_DIRECTION_PAPER};
    const double losses[] = {0, 0.461972};
    for (size_t d = 0; d < RT_COUNT(directions); d++) {
        float loss, statistics[4];
        rt_graph *graph = rt_test_graph();
        rt_tensor *result = rt_triplet_loss(
            graph, rt_test_rows(graph, 3, 2, features), rt_test_rows(graph, 3, 3, negatives),
            &(rt_triplet_options){.margin = 0.2f, .direction = directions[d]});
        rt_test_evaluate(graph, 1, (rt_tensor *[]){result, rt_triplet_statistics(result)},
                         (float *[]){&loss, statistics}, 2);
        cr_assert_float_eq(loss, losses[d], 2e-6, "%g", loss);
        cr_assert_float_eq(statistics[0], 1, 0);
        cr_assert_float_eq(statistics[1], losses[d] > 0, 0);
        cr_assert_float_eq(statistics[2], 0.632455, 2e-6, "%g", statistics[2]);
        cr_assert_float_eq(statistics[3], 0.894427, 2e-6, "%g", statistics[3]);
    }
}

/* The loss of normalised features and its gradient with respect to the raw ones. */
static void evaluate(const float *features, const float *negatives, uint32_t n, uint32_t size,
                     rt_direction direction, float *loss, float *gradient)
{
    rt_graph *graph = rt_test_graph();
    rt_tensor *x = rt_test_rows(graph, n, size, features);
    rt_graph_require_gradient(graph, x);
    rt_tensor *result = rt_triplet_loss(
        graph, rt_l2_normalise(graph, x, 1e-12f), rt_test_rows(graph, n, n, negatives),
        &(rt_triplet_options){.margin = 0.2f, .direction = direction});
    rt_graph_differentiate(graph, result);
    rt_test_ok(rt_graph_status(graph));
    rt_test_evaluate(graph, 1, (rt_tensor *[]){result, x->gradient}, (float *[]){loss, gradient},
                     2);
}

enum { GOLDEN_NUMBERS = GOLDEN_N * GOLDEN_FEATURES };

static void check_golden(rt_direction direction, float golden_loss, const float *golden_gradient)
{
    float loss, gradient[GOLDEN_NUMBERS];
    evaluate(golden_features, golden_focal_negatives, GOLDEN_N, GOLDEN_FEATURES, direction, &loss,
             gradient);
    cr_assert_float_eq(loss, golden_loss, 1e-6, "%g, PyTorch %g", loss, golden_loss);
    for (int i = 0; i < GOLDEN_NUMBERS; i++)
        cr_assert_float_eq(gradient[i], golden_gradient[i], 1e-6, "number %d: %g, PyTorch %g", i,
                           gradient[i], golden_gradient[i]);
}

Test(ops_triplet_loss, equals_pytorch)
{
    check_golden(RT_DIRECTION_RELEASED, golden_released_loss[0], golden_released_gradient);
    check_golden(RT_DIRECTION_PAPER, golden_paper_loss[0], golden_paper_gradient);
}

/* Mean distance between normalised features of equal label. */
static double same_class_distance(const float *features)
{
    double unit[GOLDEN_NUMBERS], sum = 0, pairs = 0;
    for (int i = 0; i < GOLDEN_N; i++) {
        const float *x = features + (size_t)i * GOLDEN_FEATURES;
        double squares = 0;
        for (int c = 0; c < GOLDEN_FEATURES; c++) squares += (double)x[c] * x[c];
        for (int c = 0; c < GOLDEN_FEATURES; c++)
            unit[i * GOLDEN_FEATURES + c] = x[c] / sqrt(squares);
    }
    for (size_t a = 0; a < GOLDEN_N; a++)
        for (size_t p = 0; p < GOLDEN_N; p++) {
            if (a == p || golden_labels[a] != golden_labels[p]) continue;
            sum += distance(unit, GOLDEN_FEATURES, a, p);
            pairs++;
        }
    return sum / pairs;
}

static double distance_after_a_step(rt_direction direction)
{
    float loss, gradient[GOLDEN_NUMBERS], moved[GOLDEN_NUMBERS];
    evaluate(golden_features, golden_focal_negatives, GOLDEN_N, GOLDEN_FEATURES, direction, &loss,
             gradient);
    for (int i = 0; i < GOLDEN_NUMBERS; i++) moved[i] = golden_features[i] - 0.1f * gradient[i];
    return same_class_distance(moved);
}

Test(ops_triplet_loss, directions_move_the_same_class_apart_and_together)
{
    const double before = same_class_distance(golden_features);
    const double paper = distance_after_a_step(RT_DIRECTION_PAPER);
    const double released = distance_after_a_step(RT_DIRECTION_RELEASED);
    cr_assert(paper > before + 1e-4, "paper: %g -> %g", before, paper);
    cr_assert(released < before - 1e-4, "released: %g -> %g", before, released);
}

Test(ops_triplet_loss, without_triplets_loss_and_gradient_are_zero)
{
    float none[GOLDEN_N * GOLDEN_N], loss = 1, gradient[GOLDEN_NUMBERS];
    for (int i = 0; i < GOLDEN_N * GOLDEN_N; i++) none[i] = -1;
    evaluate(golden_features, none, GOLDEN_N, GOLDEN_FEATURES, RT_DIRECTION_PAPER, &loss, gradient);
    cr_assert(loss == 0);
    for (int i = 0; i < GOLDEN_NUMBERS; i++) cr_assert(gradient[i] == 0);
}

/* A copy of a sample as its positive: PyTorch's 1e-6 keeps the distance, and the gradient, defined.
 */
Test(ops_triplet_loss, equal_features_have_a_finite_gradient)
{
    const float features[] = {1, 2, 2, 1, 2, 2, -1, 0, 1};
    const float negatives[] = {-1, 2, -1, 2, -1, -1, -1, -1, -1};
    float loss, gradient[9];
    evaluate(features, negatives, 3, 3, RT_DIRECTION_PAPER, &loss, gradient);
    cr_assert(isfinite(loss) && loss > 0);
    for (int i = 0; i < 9; i++) cr_assert(isfinite(gradient[i]), "number %d", i);
}

Test(ops_triplet_loss, two_runs_give_the_same_bits)
{
    float loss[2], gradient[2][GOLDEN_NUMBERS];
    for (int run = 0; run < 2; run++)
        evaluate(golden_features, golden_focal_negatives, GOLDEN_N, GOLDEN_FEATURES,
                 RT_DIRECTION_PAPER, &loss[run], gradient[run]);
    cr_assert(memcmp(&loss[0], &loss[1], sizeof loss[0]) == 0);
    cr_assert(memcmp(gradient[0], gradient[1], sizeof gradient[0]) == 0);
}
