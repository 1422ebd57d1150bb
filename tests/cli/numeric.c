/* Numbers that are not finite: exit code 4, the step and the term, and nothing bad on disk. */
#include "common/formats/safetensors.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(cli_numeric, .timeout = 600);

/* All numbers of the checkpoint, and how many steps it says the student has done. */
static unsigned long checkpoint_steps(const char *run)
{
    char name[64];
    rt_safetensors file = {0};
    snprintf(name, sizeof name, "%s/checkpoint.safetensors", run);
    cr_assert_eq(rt_safetensors_open(&file, rt_test_path(name)), RT_OK, "%s", rt_error_message());
    for (size_t i = 0; i < file.entry_count; i++) {
        const rt_safetensors_entry *entry = &file.entries[i];
        for (uint64_t k = 0; k < entry->count; k++) {
            float value;
            memcpy(&value, (const uint8_t *)entry->data + k * sizeof value, sizeof value);
            cr_assert(isfinite(value), "'%s' in the checkpoint", entry->name);
        }
    }
    const char *steps = rt_safetensors_metadata(&file, "student_step");
    const unsigned long count = steps != NULL ? strtoul(steps, NULL, 10) : 0;
    rt_safetensors_close(&file);
    return count;
}

/* The number behind `before` in the text. */
static unsigned long number_behind(const char *text, const char *before)
{
    const char *found = strstr(text, before);
    cr_assert_not_null(found, "no '%s' in: %s", before, text);
    return strtoul(found + strlen(before), NULL, 10);
}

Test(cli_numeric, a_student_that_explodes_leaves_its_last_good_checkpoint)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_real_store("images", 40);
    rt_test_text("distill.yaml", RT_TEST_DISTILL);
    const rt_child *child = rt_test_retort_ends(
        4, "distill", "distill.yaml", "--out", "loss", "--set", "loss=l2", "--set", "steps=200",
        "--set", "learning_rate=100", "--set", "checkpoint_interval=1", (char *)NULL);
    const unsigned long step = number_behind(child->errors, " at step ");
    cr_assert_not_null(strstr(child->errors, "loss term 'logits' is "), "%s", child->errors);
    const unsigned long kept = checkpoint_steps("loss");
    cr_assert(kept >= 1 && kept <= step, "%lu of %lu", kept, step);
    cr_assert_not(rt_test_exists("loss/model.safetensors"));
    cr_assert_not(rt_test_exists("loss/summary.json"));
    const rt_test_column rows = rt_test_metrics("loss", "loss");
    for (int i = 0; i < rows.count; i++) cr_assert(isfinite(rows.values[i]));
}

#define EXPLODE(code, run, rate, ...)                                                              \
    rt_test_retort_ends(code, "distill", "distill.yaml", "--out", run, "--set", "loss=l2",         \
                        "--set", "schedule=constant", "--set", "steps=60", "--set",                \
                        "checkpoint_interval=100", "--set", "learning_rate=" rate, __VA_ARGS__)

Test(cli_numeric, a_run_goes_back_once_with_half_the_rate)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_real_store("images", 40);
    rt_test_text("distill.yaml", RT_TEST_DISTILL);
    EXPLODE(4, "stopped", "0.125", "--quiet");
    cr_assert_not(rt_test_exists("stopped/rolled_back.txt"));
    const rt_child *child = EXPLODE(0, "back", "0.125", "--quiet", "--set", "on_nan=roll_back");
    cr_assert_not_null(strstr(child->errors, "warning: loss term 'logits' is "), "%s",
                       child->errors);
    cr_assert_not_null(strstr(child->errors, "with half the learning rates"), "%s", child->errors);
    cr_assert(rt_test_exists("back/rolled_back.txt"));
    /* The last checkpoint was the beginning: it is the student of half the rate. */
    EXPLODE(0, "half", "0.0625", "--quiet");
    cr_assert(rt_test_same(rt_test_path("half/model.safetensors"),
                           rt_test_path("back/model.safetensors"), NULL));
    child = EXPLODE(4, "twice", "8", "--quiet", "--set", "on_nan=roll_back");
    cr_assert_not_null(strstr(child->errors, "error: again, with half the learning rates: loss"),
                       "%s", child->errors);
    /* A run begun anew in that folder knows nothing of it. */
    cr_assert_eq(unlink(rt_test_path("twice/checkpoint.safetensors")), 0);
    EXPLODE(4, "twice", "8", "--quiet");
    cr_assert_not(rt_test_exists("twice/rolled_back.txt"));
}

Test(cli_numeric, an_update_that_is_not_finite_is_found_before_it_is_written)
{
    /* The loss, about 1e36, is finite; the gradient of what lies before the last layer is not. */
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_scaled_model("big.safetensors", &rt_test_teacher, 7, 1e18);
    rt_test_real_store("images", 40);
    rt_test_text("distill.yaml", RT_TEST_DISTILL);
    const rt_child *child = rt_test_retort_ends(
        4, "distill", "distill.yaml", "--out", "run", "--set", "initial=big.safetensors", "--set",
        "loss=l2", "--set", "weight.logits=1000", "--set", "learning_rate=100", "--set", "steps=1");
    cr_assert_not_null(strstr(child->errors, "after 1 steps: 'student."), "%s", child->errors);
    cr_assert_not_null(strstr(child->errors, "; nothing was written"), "%s", child->errors);
    cr_assert_eq(checkpoint_steps("run"), 0);
    cr_assert_not(rt_test_exists("run/model.safetensors"));
    cr_assert_eq(rt_test_leftovers("run"), 0);
}

Test(cli_numeric, a_teacher_out_of_range_stops_synthesis_with_step_and_term)
{
    /* Finite weights, infinite logits. */
    rt_test_scaled_model("huge.safetensors", &rt_test_teacher, 4, 1e39);
    rt_test_text("run.yaml", RT_TEST_RUN);
    const rt_child *child = rt_test_retort_ends(4, "run", "run.yaml", "--out", "run", "--set",
                                                "teacher=huge.safetensors");
    cr_assert_not_null(strstr(child->errors, "loss term 'one_hot' is "), "%s", child->errors);
    cr_assert_not_null(strstr(child->errors, "in step 0 of round 0"), "%s", child->errors);
    cr_assert_eq(checkpoint_steps("run"), 0);
    cr_assert_not(rt_test_exists("run/store/shard-000000.h5"));
}

Test(cli_numeric, a_collapsed_round_is_told_and_stops_the_run_if_asked)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_text("generate.yaml", RT_TEST_GENERATE);
    const rt_child *child = rt_test_retort_ends(0, "generate", "generate.yaml", "--out", "warned",
                                                "--set", "guard.diversity=2");
    cr_assert_not_null(strstr(child->errors, "warning: round 1 collapses: its images"), "%s",
                       child->errors);
    child = rt_test_retort_ends(4, "generate", "generate.yaml", "--out", "stopped", "--set",
                                "guard.diversity=2", "--set", "on_collapse=stop");
    cr_assert_not_null(strstr(child->errors, "error: round 1 collapses: its images"), "%s",
                       child->errors);
    cr_assert_eq(checkpoint_steps("stopped"), 0);
    cr_assert_not(rt_test_exists("stopped/store/shard-000000.h5"));
}
