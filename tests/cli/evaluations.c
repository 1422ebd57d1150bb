/* The key evaluation_interval: what run and distill write about the accuracy on the way, and that
 * it changes nothing else. */
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(cli_evaluations, .timeout = 600);

enum { MOST = 16, SAMPLES = 40 };

static void prepare(void)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_real_store("real", SAMPLES);
    rt_test_real_store("images", SAMPLES);
    rt_test_text("run.yaml", RT_TEST_RUN);
    rt_test_text("distill.yaml", RT_TEST_DISTILL);
}

/* The rows of a run that were evaluations. */
typedef struct evaluations {
    double steps[MOST], accuracy[MOST], images[MOST], seconds[MOST];
    int count;
} evaluations;

static evaluations read_evaluations(const char *run)
{
    evaluations e = {0};
    const rt_test_column step = rt_test_metrics(run, "step");
    const rt_test_column accuracy = rt_test_metrics(run, "evaluate.accuracy");
    const rt_test_column images = rt_test_metrics(run, "evaluate.images");
    const rt_test_column seconds = rt_test_metrics(run, "evaluate.seconds");
    for (int i = 0; i < accuracy.count; i++) {
        cr_assert_eq(isnan(accuracy.values[i]), isnan(images.values[i]));
        if (isnan(accuracy.values[i])) continue;
        cr_assert_lt(e.count, MOST);
        e.steps[e.count] = step.values[i] + 1;
        e.accuracy[e.count] = accuracy.values[i];
        e.images[e.count] = images.values[i];
        cr_assert(e.count == 0 || seconds.values[i] >= e.seconds[e.count - 1]);
        e.seconds[e.count++] = seconds.values[i];
    }
    return e;
}

static void check_evaluations(const char *run, int count, const double *steps, const double *images)
{
    const evaluations e = read_evaluations(run);
    cr_assert_eq(e.count, count, "%d evaluations", e.count);
    for (int i = 0; i < count; i++) {
        cr_expect_eq(e.steps[i], steps[i], "%g", e.steps[i]);
        cr_expect_eq(e.images[i], images[i], "%g", e.images[i]);
    }
}

static bool same_file(const char *left, const char *right, const char *name)
{
    char a[64], b[64];
    snprintf(a, sizeof a, "%s/%s", left, name);
    snprintf(b, sizeof b, "%s/%s", right, name);
    return rt_test_same(rt_test_path(a), rt_test_path(b), NULL);
}

/* What the run reports, against its rows and against `retort evaluate`. */
static void check_report(const char *run)
{
    char name[64];
    double mean = 0, best = 0;
    const evaluations e = read_evaluations(run);
    snprintf(name, sizeof name, "%s/summary.json", run);
    cJSON *summary = rt_test_json_file(name);
    for (int i = 0; i < e.count; i++) {
        mean += e.accuracy[i] / e.count;
        if (e.accuracy[i] > best) best = e.accuracy[i];
    }
    cr_expect_float_eq(rt_test_number(summary, "accuracy"), e.accuracy[e.count - 1], 1e-6);
    cr_expect_float_eq(rt_test_number(summary, "accuracy_mean_of_last_10"), mean, 1e-6);
    cr_expect_float_eq(rt_test_number(summary, "accuracy_best"), best, 1e-6);
    cr_expect_eq(rt_test_number(summary, "evaluations"), e.count);
    snprintf(name, sizeof name, "%s/model.safetensors", run);
    cJSON *measured = rt_test_json(
        rt_test_retort_ends(0, "evaluate", "--model", name, "--data", "real", "--json")->output);
    cr_expect_eq(rt_test_number(measured, "accuracy"), rt_test_number(summary, "accuracy"));
    cJSON_Delete(summary);
    cJSON_Delete(measured);
}

#define MEASURED "--set", "evaluation_store=real", "--set"

Test(cli_evaluations, run_writes_them_and_ends_with_the_same_student)
{
    prepare();
    rt_test_retort_ends(0, "run", "run.yaml", "--out", "alone");
    rt_test_retort_ends(0, "run", "run.yaml", "--out", "each", MEASURED, "evaluation_interval=1");
    check_evaluations("each", 3, (double[]){4, 8, 12}, (double[]){16, 32, 48});
    check_report("each");
    cr_assert(same_file("alone", "each", "model.safetensors"));
    cr_assert(same_file("alone", "each", "store"));
    rt_test_retort_ends(0, "run", "run.yaml", "--out", "second", MEASURED, "evaluation_interval=2");
    check_evaluations("second", 2, (double[]){8, 12}, (double[]){32, 48}); /* and at the end */
    const evaluations each = read_evaluations("each"), second = read_evaluations("second");
    cr_assert_eq(second.accuracy[0], each.accuracy[1]);
    cr_assert(same_file("alone", "second", "model.safetensors"));
    const rt_child *child = rt_test_retort_ends(0, "compare", "each", "alone");
    cr_assert_not_null(strstr(child->output, "\neach "), "%s", child->output);
}

Test(cli_evaluations, distill_writes_them_and_ends_with_the_same_student)
{
    prepare();
    rt_test_retort_ends(0, "distill", "distill.yaml", "--out", "alone");
    rt_test_retort_ends(0, "distill", "distill.yaml", "--out", "each", MEASURED,
                        "evaluation_interval=3");
    /* 8 steps of 8 of the 40 images, none twice before all were met. */
    check_evaluations("each", 3, (double[]){3, 6, 8}, (double[]){24, SAMPLES, SAMPLES});
    check_report("each");
    cr_assert(same_file("alone", "each", "model.safetensors"));
}

Test(cli_evaluations, an_interval_needs_a_store)
{
    prepare();
    const rt_child *child =
        rt_test_retort_ends(2, "run", "run.yaml", "--out", "run", "--set", "evaluation_interval=1");
    cr_assert_not_null(strstr(child->errors, "evaluation_interval needs evaluation_store"), "%s",
                       child->errors);
    child = rt_test_retort_ends(2, "distill", "distill.yaml", "--out", "run", "--set",
                                "evaluation_interval=1");
    cr_assert_not_null(strstr(child->errors, "evaluation_interval needs evaluation_store"), "%s",
                       child->errors);
}

/* metrics.csv with the seconds, which have a fixed width, blanked out. Release with free. */
static char *read_without_seconds(const char *run)
{
    char name[64];
    size_t size;
    snprintf(name, sizeof name, "%s/metrics.csv", run);
    char *text = rt_test_read(rt_test_path(name), &size);
    text = realloc(text, size + 1);
    text[size] = '\0';
    for (char *line = text; line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        cr_assert_not_null(end);
        if (end[-1] != ',' && line != text) /* the row of an evaluation */
            for (char *at = end - 1; *at != ','; at--) *at = '_';
        line = end + 1;
    }
    return text;
}

/* Ends the run by `signal` when metrics.csv holds `row`, lets it go on to its end and compares. */
static void stop_and_go_on(const char *command, const char *config, const char *interval,
                           const char *row, int signal)
{
    char run[32], metrics[64];
    bool stopped = false;
    for (int attempt = 0; attempt < 5 && !stopped; attempt++) {
        snprintf(run, sizeof run, "%s-%d-%d", command, signal, attempt);
        snprintf(metrics, sizeof metrics, "%s/metrics.csv", run);
        const pid_t process = rt_test_retort_start(command, config, "--out", run, "--resume",
                                                   MEASURED, interval, NULL);
        rt_test_await(process, metrics, row);
        kill(process, signal);
        stopped = rt_test_retort_wait(process)->code != 0;
        rt_test_retort_ends(0, command, "--out", run, "--resume");
        char *left = read_without_seconds(command), *right = read_without_seconds(run);
        cr_expect_str_eq(left, right);
        free(left);
        free(right);
        read_evaluations(run); /* seconds ascend */
        cr_expect(same_file(command, run, "model.safetensors"));
        cr_expect_eq(rt_test_leftovers(run), 0);
    }
    cr_assert(stopped, "'%s' was always over before the signal came", command);
}

Test(cli_evaluations, a_run_that_was_stopped_has_each_of_them_once)
{
    prepare();
    rt_test_retort_ends(0, "run", "run.yaml", "--out", "run", MEASURED, "evaluation_interval=1");
    stop_and_go_on("run", "run.yaml", "evaluation_interval=1", "\nevaluate,0,", SIGINT);
    stop_and_go_on("run", "run.yaml", "evaluation_interval=1", "\nevaluate,1,", SIGKILL);
    rt_test_retort_ends(0, "distill", "distill.yaml", "--out", "distill", MEASURED,
                        "evaluation_interval=1");
    stop_and_go_on("distill", "distill.yaml", "evaluation_interval=1", "\n2,", SIGINT);
    stop_and_go_on("distill", "distill.yaml", "evaluation_interval=1", "\n5,", SIGKILL);
}

/* The rate grows until it is too high; the half of it never is. */
Test(cli_evaluations, a_run_that_went_back_has_each_of_them_once)
{
    enum { INTERVAL = 20, COUNT = 3 };
    prepare();
    const rt_child *child =
        rt_test_retort_ends(0, "distill", "distill.yaml", "--out", "back", "--quiet", MEASURED,
                            "evaluation_interval=20", "--set", "loss=l2", "--set", "warmup=0.9",
                            "--set", "learning_rate=0.6", "--set", "steps=60", "--set",
                            "checkpoint_interval=100", "--set", "on_nan=roll_back");
    cr_assert_not_null(strstr(child->errors, "with half the learning rates"), "%s", child->errors);
    const char *exploded = strstr(child->errors, " at step ");
    cr_assert_not_null(exploded, "%s", child->errors);
    cr_assert_geq(strtol(exploded + strlen(" at step "), NULL, 10), INTERVAL,
                  "before the first: %s", exploded);
    double steps[COUNT], images[COUNT];
    for (int i = 0; i < COUNT; i++) {
        steps[i] = INTERVAL * (i + 1);
        images[i] = SAMPLES; /* 20 steps of 8 meet all of them */
    }
    check_evaluations("back", COUNT, steps, images);
    check_report("back");
}
