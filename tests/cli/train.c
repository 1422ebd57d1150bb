/* `retort train` on a store that a classifier can learn. */
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(cli_train, .timeout = 300);

Test(cli_train, a_classifier_learns_and_its_accuracy_is_measured)
{
    enum { STEPS = 30 }; /* 10 passes over 48 images in batches of 16 */
    rt_test_real_store("real", 48);
    rt_test_text("train.yaml", RT_TEST_TRAIN);
    const rt_child *child = rt_test_retort_ends(0, "train", "train.yaml", "--out", "run", "--set",
                                                "epochs=10", "--set", "evaluation_store=real",
                                                "--set", "augment.padding=0", "--json", "--quiet");
    cJSON *summary = rt_test_json(child->output);
    cr_assert_gt(rt_test_number(summary, "accuracy"), 0.9);
    cr_assert_eq(rt_test_number(summary, "samples"), 48);
    cr_assert(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(summary, "teacher_accuracy")));
    const double accuracy = rt_test_number(summary, "accuracy");
    cJSON_Delete(summary);

    const rt_test_column loss = rt_test_metrics("run", "loss");
    cr_assert_eq(loss.count, STEPS);
    cr_assert_float_eq(loss.values[0], log(RT_TEST_CLASSES), 0.7, "untrained: %g", loss.values[0]);
    cr_assert_lt(loss.values[STEPS - 1], loss.values[0] / 2);

    /* The model file has all that evaluate needs. */
    child = rt_test_retort_ends(0, "evaluate", "--model", "run/model.safetensors", "--data", "real",
                                "--json", "--batch-size", "20");
    summary = rt_test_json(child->output);
    cr_assert_eq(rt_test_number(summary, "accuracy"), accuracy);
    cJSON_Delete(summary);
}

Test(cli_train, same_seed_same_bits_whether_measured_or_not)
{
    rt_test_real_store("real", 48);
    rt_test_text("train.yaml", RT_TEST_TRAIN);
    rt_test_retort_ends(0, "train", "train.yaml", "--out", "plain");
    rt_test_retort_ends(0, "train", "train.yaml", "--out", "measured", "--set",
                        "evaluation_store=real");
    rt_test_retort_ends(0, "train", "train.yaml", "--out", "other", "--seed", "4");
    cr_assert(rt_test_same_run("plain", "measured"));
    cr_assert_not(rt_test_same(rt_test_path("plain/model.safetensors"),
                               rt_test_path("other/model.safetensors"), NULL));
}

Test(cli_train, what_does_not_fit_is_an_error_before_any_work)
{
    rt_test_real_store("real", 48);
    rt_test_text("train.yaml", RT_TEST_TRAIN);
    static const struct {
        const char *set, *message;
    } rows[] = {
        {"batch_size=49", "48 samples, fewer than a batch of 49; lower batch_size"},
        {"store=nowhere", "store 'nowhere' does not exist"},
        {"evaluation_store=nowhere", "store 'nowhere' does not exist"},
        {"arch=wrn-16", "wrn-16"},
        {"learning_rate=-1", "learning_rate"},
        {"epochs=0", "epochs"},
        {"epoch=3", "did you mean 'epochs'?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const rt_child *child =
            rt_test_retort_ends(2, "train", "train.yaml", "--out", "run", "--set", rows[i].set);
        cr_expect_not_null(strstr(child->errors, rows[i].message), "wanted: %s\ngot: %s",
                           rows[i].message, child->errors);
        cr_expect_not(rt_test_exists("run/checkpoint.safetensors"), "%s", rows[i].set);
    }
}
