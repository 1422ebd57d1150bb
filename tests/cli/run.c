/* `retort run` from teacher to student, through the built program. */
#include "common/formats/image.h"
#include "datasets/store_reader.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(cli_run, .timeout = 600);

enum { ROUNDS = 3, STEPS = 4, BATCH = 16 }; /* of RT_TEST_RUN */

static void prepare(void)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_text("run.yaml", RT_TEST_RUN);
}

/* What other programs rely on. */
static void check_summary(cJSON *summary, bool measured)
{
    static const char *const accuracies[] = {"accuracy", "teacher_accuracy", "agreement"};
    for (size_t i = 0; i < 3; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(summary, accuracies[i]);
        cr_assert_not_null(item, "no '%s'", accuracies[i]);
        cr_assert_eq(cJSON_IsNull(item), !measured, "%s", accuracies[i]);
        if (measured) cr_assert(item->valuedouble >= 0 && item->valuedouble <= 1);
    }
    cr_assert_eq(rt_test_number(summary, "samples"), ROUNDS * BATCH);
    cr_assert_gt(rt_test_number(summary, "seconds"), 0);
    cr_assert_leq(rt_test_number(summary, "data_wait_share"), 1);
    const char *model = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(summary, "model"));
    const char *store = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(summary, "store"));
    cr_assert(model != NULL && rt_test_exists(model));
    cr_assert(store != NULL && rt_test_exists(store));
    cr_assert_not_null(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(summary, "device")));
    cJSON_Delete(summary);
}

/* Of metrics.csv a round: its synthesis steps, its measures, its student's steps. */
enum { ROUND_ROWS = STEPS + 1 + STEPS };

/* Every step has a row, the stages take turns, and every number is one. */
static void check_metrics(const char *run)
{
    const rt_test_column round = rt_test_metrics(run, "round"), step = rt_test_metrics(run, "step");
    const rt_test_column loss = rt_test_metrics(run, "loss");
    const rt_test_column synthesis = rt_test_metrics(run, "generate.one_hot");
    const rt_test_column student = rt_test_metrics(run, "distill.logits");
    const rt_test_column entropy = rt_test_metrics(run, "round.class_entropy");
    const rt_test_column diversity = rt_test_metrics(run, "round.class_diversity");
    const rt_test_column distance = rt_test_metrics(run, "round.batch_norm_distance");
    cr_assert_eq(round.count, ROUNDS * ROUND_ROWS);
    for (int i = 0; i < round.count; i++) {
        const int in_round = i % ROUND_ROWS, of_round = i / ROUND_ROWS;
        const bool synthesises = in_round < STEPS, measures = in_round == STEPS;
        cr_assert_eq(round.values[i], of_round);
        cr_assert_eq(step.values[i], synthesises ? in_round
                                     : measures  ? STEPS - 1
                                                 : of_round * STEPS + in_round - STEPS - 1);
        cr_assert_eq(isfinite(loss.values[i]), !measures);
        cr_assert_eq(isnan(synthesis.values[i]), !synthesises);
        cr_assert_eq(isnan(student.values[i]), synthesises || measures);
        cr_assert_eq(isfinite(entropy.values[i]), measures);
        cr_assert_eq(isfinite(diversity.values[i]), measures);
        cr_assert_eq(distance.values[i] > 0, measures);
    }
}

static void check_store(const char *name)
{
    rt_store_verification verification;
    cr_assert_eq(rt_store_verify(rt_test_path(name), &verification), RT_OK, "%s",
                 rt_error_message());
    cr_assert_eq(verification.shards, ROUNDS);
    cr_assert_eq(verification.samples, ROUNDS * BATCH);
    cr_assert(verification.has_index);
}

static void check_pictures(const char *run)
{
    for (int round = 1; round <= ROUNDS; round++) {
        char name[64];
        rt_image image = {0};
        snprintf(name, sizeof name, "%s/samples/round-%04d.png", run, round);
        cr_assert_eq(rt_image_read(&image, rt_test_path(name)), RT_OK, "%s", rt_error_message());
        rt_image_clear(&image);
    }
}

/* The bits of a run: without the images that the teacher was trained on, whether the accuracy is
 * measured or not, once and again. Another seed makes others. */
Test(cli_run, alternates_and_its_bits_depend_on_seed_and_teacher_alone)
{
    prepare();
    rt_test_real_store("real", 40);
    const rt_child *child =
        rt_test_retort_ends(0, "run", "run.yaml", "--out", "measured", "--set",
                            "evaluation_store=real", "--json", "--quiet", "--validate");
    check_summary(rt_test_json(child->output), true);
    check_summary(rt_test_json_file("measured/summary.json"), true);
    check_metrics("measured");
    check_store("measured/store");
    check_pictures("measured");

    cr_assert_eq(rename(rt_test_path("real"), rt_test_path("out-of-reach")), 0);
    child = rt_test_retort_ends(0, "run", "run.yaml", "--out", "alone", "--json");
    check_summary(rt_test_json(child->output), false);
    cr_assert(rt_test_same_run("measured", "alone"));

    rt_test_retort_ends(0, "run", "run.yaml", "--out", "other", "--seed", "4");
    static const char *const results[] = {"model.safetensors", "metrics.csv",
                                          "store/shard-000000.h5"};
    for (size_t i = 0; i < 3; i++) {
        char a[64], b[64];
        snprintf(a, sizeof a, "alone/%s", results[i]);
        snprintf(b, sizeof b, "other/%s", results[i]);
        cr_assert_not(rt_test_same(rt_test_path(a), rt_test_path(b), NULL), "%s", results[i]);
    }
}

Test(cli_run, the_last_step_of_a_round_has_a_row_however_short_the_round)
{
    static const struct {
        const char *set;
        int count;
        double steps[10];
    } rows[] = {
        {"log_interval=100", 6, {3, 3, 3, 3, 3, 7}},
        {"log_interval=3", 10, {2, 3, 3, 2, 3, 2, 3, 3, 5, 7}},
    };
    prepare();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *run = rows[i].set;
        rt_test_retort_ends(0, "run", "run.yaml", "--out", run, "--set", "rounds=2", "--set",
                            rows[i].set);
        const rt_test_column step = rt_test_metrics(run, "step");
        cr_assert_eq(step.count, rows[i].count, "%s: %d rows", run, step.count);
        for (int k = 0; k < step.count; k++)
            cr_assert_eq(step.values[k], rows[i].steps[k], "%s, row %d: step %g", run, k,
                         step.values[k]);
    }
}

Test(cli_run, the_student_of_a_round_is_the_critic_of_the_next)
{
    /* With a learning rate of 0 the critic never changes: the first round's images are the same,
     * later ones are not. */
    prepare();
    rt_test_retort_ends(0, "run", "run.yaml", "--out", "learning", "--set", "rounds=2");
    rt_test_retort_ends(0, "run", "run.yaml", "--out", "idle", "--set", "rounds=2", "--set",
                        "distill.learning_rate=0");
    const rt_test_column learning = rt_test_metrics("learning", "generate.adversarial");
    const rt_test_column idle = rt_test_metrics("idle", "generate.adversarial");
    for (int i = 0; i < STEPS; i++) {
        cr_assert_eq(learning.values[i], idle.values[i]);
        cr_assert_neq(learning.values[ROUND_ROWS + i], idle.values[ROUND_ROWS + i], "step %d", i);
    }
}

Test(cli_run, keys_that_do_not_go_together_are_errors_before_any_work)
{
    rt_network_description classes = rt_test_teacher;
    classes.classes++;
    prepare();
    rt_test_model("classes.safetensors", &classes, 4);
    static const struct {
        const char *set, *message;
    } rows[] = {
        {"distill.batch_size=17", "distill.batch_size 17 is more than the 16 images"},
        {"distill.use_stored_logits=true", "switch augmentation and views off"},
        {"evaluation_store=nowhere", "store 'nowhere' does not exist"},
        {"teacher=nowhere", "no file 'nowhere'"},
        {"generate.triplet.first_layer=7", "leave none of the network's 3 stages"},
        {"distill.arch=resnet9", "there is no 'resnet9'"},
        {"distill.stem=tall", "unknown stem 'tall'"},
        {"distill.initial=nowhere", "no file 'nowhere'"},
        {"distill.initial=classes.safetensors", "5 classes, the teacher 8x8x1 in 4 classes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const rt_child *child =
            rt_test_retort_ends(2, "run", "run.yaml", "--out", "run", "--set", rows[i].set);
        cr_expect_not_null(strstr(child->errors, rows[i].message), "wanted: %s\ngot: %s",
                           rows[i].message, child->errors);
        cr_expect_not(rt_test_exists("run/checkpoint.safetensors"), "%s", rows[i].set);
    }
    const rt_child *child = rt_test_retort_ends(2, "run", "run.yaml", "--out", "run", "--set",
                                                "distill.initial=teacher.safetensors", "--set",
                                                "distill.start=teacher");
    cr_expect_not_null(strstr(child->errors, "initial and start: teacher exclude each other"), "%s",
                       child->errors);
    /* The mistake can be mended: nothing has begun. */
    rt_test_retort_ends(0, "run", "run.yaml", "--out", "run", "--set", "rounds=1");
}
