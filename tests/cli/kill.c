/* kill -9 at random moments, and signals: a run that goes on ends with the bytes of one that was
 * never disturbed. The seed of the moments is new in every run and is told when a test fails. */
#include "common/base/progress.h"
#include "common/base/random.h"
#include "datasets/store_reader.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

TestSuite(cli_kill, .timeout = 300);

enum { KILLS = 5, ATTEMPTS = 5 };

typedef struct job {
    const char *command, *config, *text;
    double start_seconds; ///< until its first checkpoint
    double work_seconds;  ///< from there to the end
    uint64_t seed;
    uint32_t draws; ///< taken so far
} job;

static const char *join(const char *run, const char *name)
{
    static char names[4][64];
    static int next;
    char *joined = names[next++ % 4];
    snprintf(joined, sizeof names[0], "%s/%s", run, name);
    return joined;
}

static pid_t start(const job *j, const char *run)
{
    /* --resume from the beginning: a run that was killed too early to be one begins anew. */
    return rt_test_retort_start(j->command, j->config, "--out", run, "--resume", NULL);
}

static void finish(const job *j, const char *run)
{
    const rt_child *child = rt_test_retort_wait(start(j, run));
    cr_assert_eq(child->code, 0, "seed %llu: %s", (unsigned long long)j->seed, child->errors);
}

/* The undisturbed run, timed. */
static void make_reference(job *j)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_real_store("real", 48);
    rt_test_real_store("images", 40);
    rt_test_text(j->config, j->text);
    j->seed = (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
    const double began = rt_seconds();
    const pid_t process = start(j, "reference");
    cr_assert(rt_test_await(process, "reference/checkpoint.safetensors", NULL));
    j->start_seconds = rt_seconds() - began;
    cr_assert_eq(rt_test_retort_wait(process)->code, 0);
    j->work_seconds = rt_seconds() - began - j->start_seconds;
}

static double draw(job *j)
{
    uint32_t draws[4];
    rt_philox(j->seed, RT_STREAM_NOISE, 0, j->draws++, draws);
    return (double)rt_random_uniform(draws[0]);
}

/* Starts a run, or goes on with one, and kills it: the first while it starts, the others while it
 * works. */
static void start_and_kill(job *j, const char *run, bool starting)
{
    const pid_t process = start(j, run);
    if (!starting) rt_test_await(process, join(run, "checkpoint.safetensors"), NULL);
    usleep((useconds_t)(1e6 * draw(j) * (starting ? j->start_seconds : j->work_seconds)));
    kill(process, SIGKILL);
    rt_test_retort_wait(process);
}

/* What has its final name is complete. */
static void check_shards(const job *j, const char *run)
{
    if (!rt_test_exists(join(run, "store/shard-000000.h5"))) return;
    rt_store_verification verification;
    cr_assert_eq(rt_store_verify(rt_test_path(join(run, "store")), &verification), RT_OK,
                 "seed %llu: %s", (unsigned long long)j->seed, rt_error_message());
}

static void kill_and_resume(const char *command, const char *text)
{
    job j = {.command = command, .config = "config.yaml", .text = text};
    make_reference(&j);
    for (int i = 0; i < KILLS; i++) {
        char run[16];
        snprintf(run, sizeof run, "killed-%d", i);
        start_and_kill(&j, run, i == 0);
        check_shards(&j, run);
        if (i == 1) { /* and while it resumes */
            start_and_kill(&j, run, true);
            check_shards(&j, run);
        }
        finish(&j, run);
        cr_assert(rt_test_same_run("reference", run), "seed %llu, kill %d of '%s'",
                  (unsigned long long)j.seed, i, command);
        cr_assert_eq(rt_test_leftovers(run), 0);
    }
}

Test(cli_kill, generate_goes_on_after_kill_9) { kill_and_resume("generate", RT_TEST_GENERATE); }
Test(cli_kill, distill_goes_on_after_kill_9) { kill_and_resume("distill", RT_TEST_DISTILL); }
Test(cli_kill, train_goes_on_after_kill_9) { kill_and_resume("train", RT_TEST_TRAIN); }
Test(cli_kill, run_goes_on_after_kill_9) { kill_and_resume("run", RT_TEST_RUN); }

/* Sends the signal once metrics.csv holds `row`; a run that ends before it comes is repeated. */
static void stop_at(const job *j, const char *run, const char *row, int signal)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        char name[32];
        snprintf(name, sizeof name, "%s-%d", run, attempt);
        const pid_t process = start(j, name);
        rt_test_await(process, join(name, "metrics.csv"), row);
        kill(process, signal);
        const rt_child *child = rt_test_retort_wait(process);
        if (child->code == 0) continue;
        cr_assert_eq(child->code, 128 + signal, "%s", child->errors);
        cr_assert_not_null(strstr(child->errors, "interrupted; go on with --resume --out "), "%s",
                           child->errors);
        cr_assert(rt_test_exists(join(name, "checkpoint.safetensors")));
        cr_assert_eq(rt_test_leftovers(name), 0);
        cr_assert_not(rt_test_exists(join(name, "summary.json")));
        finish(j, name);
        cr_assert(rt_test_same_run("reference", name), "stopped at '%s'", row);
        return;
    }
    cr_assert_fail("'%s' was always over before the signal came", j->command);
}

Test(cli_kill, run_stops_at_a_signal_in_either_stage_and_goes_on)
{
    job j = {.command = "run", .config = "config.yaml", .text = RT_TEST_RUN};
    make_reference(&j);
    stop_at(&j, "synthesis", "\ngenerate,1,1,", SIGINT);
    stop_at(&j, "student", "\ndistill,1,4,", SIGTERM);
}

Test(cli_kill, other_commands_stop_at_a_signal_and_go_on)
{
    static const struct {
        const char *command, *text, *row;
        int signal;
    } rows[] = {
        {"generate", RT_TEST_GENERATE, "\n1,1,", SIGTERM},
        {"distill", RT_TEST_DISTILL, "\n3,", SIGINT},
        {"train", RT_TEST_TRAIN, "\n4,", SIGINT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char reference[16];
        job j = {.command = rows[i].command, .config = "config.yaml", .text = rows[i].text};
        if (i == 0) rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
        if (i == 0) rt_test_real_store("real", 48);
        if (i == 0) rt_test_real_store("images", 40);
        rt_test_text(j.config, j.text);
        finish(&j, "reference");
        stop_at(&j, rows[i].command, rows[i].row, rows[i].signal);
        snprintf(reference, sizeof reference, "reference-%zu", i);
        cr_assert_eq(rename(rt_test_path("reference"), rt_test_path(reference)), 0);
    }
}
