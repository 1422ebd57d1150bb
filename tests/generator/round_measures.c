/* The measures of a round against their definitions, pair by pair, and when the judge speaks. */
#include "generator/round_measures.h"

#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(generator_round_measures);

enum { IMAGES = 23, CLASSES = 4, FEATURES = 5 };

typedef struct batch {
    int32_t labels[IMAGES];
    float logits[IMAGES][CLASSES], features[IMAGES][FEATURES];
} batch;

/* Image 3 has no active feature at all. */
static void fill(batch *b)
{
    for (uint32_t i = 0; i < IMAGES; i++) {
        b->labels[i] = (int32_t)(i % CLASSES);
        for (uint32_t k = 0; k < CLASSES; k++)
            b->logits[i][k] = (float)rt_test_uniform(1, i * CLASSES + k);
        for (uint32_t f = 0; f < FEATURES; f++)
            b->features[i][f] = i == 3 ? 0 : (float)rt_test_uniform(2, i * FEATURES + f) - 0.3f;
    }
}

static rt_round_measures measure(const batch *b)
{
    rt_round_measures measures;
    rt_test_ok(rt_round_measure(&(rt_round_batch){.images = IMAGES,
                                                  .classes = CLASSES,
                                                  .features = FEATURES,
                                                  .labels = b->labels,
                                                  .logits = b->logits[0],
                                                  .feature_rows = b->features[0],
                                                  .batch_norm_distance = 7},
                                &measures));
    return measures;
}

static double squared_distance(const float *a, const float *b)
{
    double norm_a = 0, norm_b = 0, sum = 0;
    for (int f = 0; f < FEATURES; f++) {
        norm_a += (double)a[f] * (double)a[f];
        norm_b += (double)b[f] * (double)b[f];
    }
    norm_a = norm_a > 0 ? sqrt(norm_a) : 1;
    norm_b = norm_b > 0 ? sqrt(norm_b) : 1;
    for (int f = 0; f < FEATURES; f++) {
        const double difference = (double)a[f] / norm_a - (double)b[f] / norm_b;
        sum += difference * difference;
    }
    return sum;
}

Test(generator_round_measures, diversity_is_the_mean_over_pairs)
{
    batch b;
    double all = 0, within = 0;
    int pairs = 0, class_pairs = 0;
    fill(&b);
    for (int i = 0; i < IMAGES; i++)
        for (int j = 0; j < i; j++) {
            const double distance = squared_distance(b.features[i], b.features[j]);
            all += distance;
            pairs++;
            if (b.labels[i] != b.labels[j]) continue;
            within += distance;
            class_pairs++;
        }
    const rt_round_measures measures = measure(&b);
    cr_assert_float_eq(measures.diversity, sqrt(all / pairs), 1e-9);
    cr_assert_float_eq(measures.class_diversity, sqrt(within / class_pairs), 1e-9);
    cr_assert_eq(measures.batch_norm_distance, 7);
}

Test(generator_round_measures, copies_have_no_diversity)
{
    batch b;
    fill(&b);
    for (int i = 0; i < IMAGES; i++) /* of a class: one direction, any length */
        for (int f = 0; f < FEATURES; f++)
            b.features[i][f] = (float)(i + 1) * (float)(f == b.labels[i]);
    const rt_round_measures measures = measure(&b);
    cr_assert_float_eq(measures.class_diversity, 0, 1e-6);
    cr_assert_gt(measures.diversity, 1);
}

Test(generator_round_measures, entropy_is_relative_to_the_labels_asked_for)
{
    batch b;
    fill(&b);
    for (int i = 0; i < IMAGES; i++)
        for (int k = 0; k < CLASSES; k++) b.logits[i][k] = (float)(k == b.labels[i]);
    cr_assert_float_eq(measure(&b).class_entropy, 1, 1e-12, "every image as asked for");
    for (int i = 0; i < IMAGES; i++)
        for (int k = 0; k < CLASSES; k++) b.logits[i][k] = (float)(k == b.labels[i] / 2);
    /* asked 6 6 6 5, seen 12 11 */
    const double seen = -12.0 / 23 * log(12.0 / 23) - 11.0 / 23 * log(11.0 / 23);
    const double asked = -18.0 / 23 * log(6.0 / 23) - 5.0 / 23 * log(5.0 / 23);
    cr_assert_float_eq(measure(&b).class_entropy, seen / asked, 1e-12);
    for (int i = 0; i < IMAGES; i++)
        for (int k = 0; k < CLASSES; k++) b.logits[i][k] = (float)(k == 1);
    cr_assert_float_eq(measure(&b).class_entropy, 0, 1e-12, "one class");
    for (int i = 0; i < IMAGES; i++) b.labels[i] = 2;
    cr_assert_float_eq(measure(&b).class_entropy, 1, 1e-12, "one class, and one asked for");
}

static const rt_round_measures good = {1, 1, 0.5, 10};

Test(generator_round_measures, judge_warns_once_until_it_is_good_again)
{
    const rt_round_limits limits = {0.5f, 0.1f, 3, false};
    const rt_round_measures bad = {0.4, 1, 0.05, 31};
    rt_round_judge judge = {0};
    rt_test_ok(rt_round_judge_measures(&judge, &limits, &good, 0));
    cr_assert_not(judge.warned[0] || judge.warned[1] || judge.warned[2]);
    rt_test_ok(rt_round_judge_measures(&judge, &limits, &bad, 1));
    cr_assert(judge.warned[0] && judge.warned[1] && judge.warned[2]);
    cr_assert_eq(judge.least_distance, 10);
    rt_test_ok(rt_round_judge_measures(&judge, &limits, &good, 2));
    cr_assert_not(judge.warned[0] || judge.warned[1] || judge.warned[2]);
}

Test(generator_round_measures, judge_stops_where_it_shall)
{
    const rt_round_limits limits = {0.5f, 0.1f, 3, true};
    rt_round_judge judge = {0};
    rt_round_measures bad[3] = {good, good, good};
    static const char *const words[] = {"few classes", "near copies", "far from what"};
    bad[0].class_entropy = 0.49;
    bad[1].class_diversity = 0.09;
    bad[2].batch_norm_distance = 30.5;
    rt_test_ok(rt_round_judge_measures(&judge, &limits, &good, 0));
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(rt_round_judge_measures(&judge, &limits, &bad[i], 4), RT_ERROR_NUMERIC);
        cr_assert_not_null(strstr(rt_error_message(), words[i]), "%s", rt_error_message());
        cr_assert_not_null(strstr(rt_error_message(), "round 5"), "%s", rt_error_message());
    }
    const rt_round_limits none = {.stop = true};
    for (int i = 0; i < 3; i++) rt_test_ok(rt_round_judge_measures(&judge, &none, &bad[i], 5));
}
