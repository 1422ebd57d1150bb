/* What rt_evaluate counts, against the logits of a second pass, and the noise of the control. */
#include "student/evaluation.h"

#include "student/noise_source.h"
#include "tests/ops/operator_test.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { SAMPLES = 40 };

Test(student_evaluation, counts_add_up_whatever_the_batch)
{
    rt_store_reader *store;
    rt_evaluation whole = {0}, parts = {0}, other = {0};
    rt_test_real_store("real", SAMPLES);
    rt_test_ok(rt_store_open(&store, rt_test_path("real")));
    rt_network *network = rt_test_network(&rt_test_teacher, 4, 8);
    rt_network *stranger = rt_test_network(&rt_test_teacher, 7, 8);
    rt_test_ok(rt_evaluate(&whole, network, rt_test_device(), store, 256));
    rt_test_ok(rt_evaluate(&parts, network, rt_test_device(), store, 16)); /* 16, 16, 8 */
    rt_test_ok(rt_evaluate(&other, stranger, rt_test_device(), store, 16));
    cr_assert_eq(whole.samples, SAMPLES);
    cr_assert_eq(
        memcmp(whole.predictions, parts.predictions, SAMPLES * sizeof whole.predictions[0]), 0);
    cr_assert_eq(whole.accuracy, parts.accuracy);
    cr_assert_float_eq(whole.loss, parts.loss, 1e-5 * whole.loss);

    /* The store's labels are n * 7 % classes. */
    uint64_t correct[RT_TEST_CLASSES] = {0}, seen[RT_TEST_CLASSES] = {0}, same = 0;
    for (int n = 0; n < SAMPLES; n++) {
        const int label = n * 7 % RT_TEST_CLASSES;
        seen[label]++;
        correct[label] += whole.predictions[n] == label;
        same += whole.predictions[n] == other.predictions[n];
    }
    double all = 0;
    for (int k = 0; k < RT_TEST_CLASSES; k++) {
        cr_assert_eq(whole.class_samples[k], seen[k]);
        cr_assert_float_eq(whole.per_class[k], (double)correct[k] / (double)seen[k], 1e-12);
        all += (double)correct[k] / SAMPLES;
    }
    cr_assert_float_eq(whole.accuracy, all, 1e-12);
    cr_assert_float_eq(rt_evaluation_agreement(&whole, &other), (double)same / SAMPLES, 1e-12);
    cr_assert(same > 0 && same < SAMPLES, "two networks that agree always or never: %d", (int)same);
    rt_evaluation_clear(&whole);
    rt_evaluation_clear(&parts);
    rt_evaluation_clear(&other);
    rt_network_free(network);
    rt_network_free(stranger);
    rt_store_reader_close(store);
}

/* Asked again it says the same, and after the weights have changed what a new one would say. */
Test(student_evaluation, an_evaluator_follows_its_network)
{
    rt_evaluator *evaluator;
    rt_evaluation first = {0}, again = {0}, changed = {0}, fresh = {0};
    rt_test_real_store("real", SAMPLES);
    rt_network *network = rt_test_network(&rt_test_teacher, 4, 8);
    rt_test_ok(rt_evaluator_open(&evaluator, network, rt_test_device(), rt_test_path("real"), 16));
    rt_test_ok(rt_evaluator_run(evaluator, &first));
    rt_test_ok(rt_evaluator_run(evaluator, &again));
    cr_assert_eq(first.loss, again.loss);
    cr_assert_eq(memcmp(first.margins, again.margins, SAMPLES * sizeof first.margins[0]), 0);
    rt_test_ok(rt_parameters_initialise(rt_network_parameters(network), 7, 1, 0, false));
    rt_test_ok(rt_evaluator_run(evaluator, &changed));
    rt_evaluator_free(evaluator);
    rt_test_ok(rt_evaluator_open(&evaluator, network, rt_test_device(), rt_test_path("real"), 16));
    rt_test_ok(rt_evaluator_run(evaluator, &fresh));
    cr_assert_neq(changed.loss, first.loss);
    cr_assert_eq(changed.loss, fresh.loss);
    rt_evaluation_clear(&first);
    rt_evaluation_clear(&again);
    rt_evaluation_clear(&changed);
    rt_evaluation_clear(&fresh);
    rt_evaluator_free(evaluator);
    rt_network_free(network);
}

Test(student_evaluation, noise_is_uniform_and_a_function_of_seed_and_step)
{
    enum { BATCH = 8, PIXELS = RT_TEST_SIDE * RT_TEST_SIDE, STRIDE = 4 };
    static float first[BATCH * PIXELS * STRIDE], second[BATCH * PIXELS * STRIDE];
    int32_t labels[BATCH];
    rt_noise_source noise = {
        .description = {.height = RT_TEST_SIDE, .width = RT_TEST_SIDE, .channels = 3, .classes = 2},
        .batch_size = BATCH,
        .seed = 1};
    const rt_sample_source source = rt_sample_source_from_noise(&noise);
    rt_batch batch = {.images = first, .labels = labels};
    rt_sample_source_seek(&source, 0, 5);
    rt_test_ok(rt_sample_source_next(&source, &batch));
    cr_assert(batch.count == BATCH && batch.step == 5);
    double sum = 0, squares = 0;
    for (int i = 0; i < BATCH * PIXELS; i++) {
        for (int c = 0; c < 3; c++) {
            const double value = (double)first[i * STRIDE + c];
            cr_assert(value >= 0 && value < 1);
            sum += value / (BATCH * PIXELS * 3);
            squares += value * value / (BATCH * PIXELS * 3);
        }
        cr_assert_eq(first[i * STRIDE + 3], 0);
    }
    cr_assert_float_eq(sum, 0.5, 0.03);
    cr_assert_float_eq(squares - sum * sum, 1.0 / 12, 0.01);

    batch.images = second;
    rt_test_ok(rt_sample_source_next(&source, &batch));
    cr_assert_neq(memcmp(first, second, sizeof first), 0, "two steps with the same noise");
    rt_sample_source_seek(&source, 0, 5);
    rt_test_ok(rt_sample_source_next(&source, &batch));
    cr_assert_eq(memcmp(first, second, sizeof first), 0);
    noise.seed = 2;
    rt_sample_source_seek(&source, 0, 5);
    rt_test_ok(rt_sample_source_next(&source, &batch));
    cr_assert_neq(memcmp(first, second, sizeof first), 0, "two seeds with the same noise");
}
