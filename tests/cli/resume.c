/* What --resume accepts and what it refuses, and two processes that want the same folder. */
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

TestSuite(cli_resume, .timeout = 600);

static void refused(const rt_child *child, const char *message)
{
    cr_expect_eq(child->code, 2, "exit code %d\n%s", child->code, child->errors);
    cr_expect_not_null(strstr(child->errors, message), "wanted: %s\ngot: %s", message,
                       child->errors);
}

#define RESUME(command, ...)                                                                       \
    rt_test_retort(command, "--out", command, "--resume", "--quiet", __VA_ARGS__, (char *)NULL)

static void prepare(void)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_model("other.safetensors", &rt_test_teacher, 7);
    rt_test_real_store("images", 40);
    rt_test_text("run.yaml", RT_TEST_RUN);
    rt_test_text("generate.yaml", RT_TEST_GENERATE);
    rt_test_text("distill.yaml", RT_TEST_DISTILL);
}

Test(cli_resume, a_finished_run_stays_as_it_is_and_only_harmless_keys_change)
{
    prepare();
    rt_test_retort_ends(0, "run", "run.yaml", "--out", "run", "--set", "rounds=1");
    rt_test_retort_ends(0, "run", "run.yaml", "--out", "again", "--set", "rounds=1");
    cr_assert_eq(RESUME("run", "--set", "evaluation_store=images")->code, 0);
    cr_assert_eq(RESUME("run", "--set", "rounds=1", "--set", "log_interval=7")->code, 0);
    cr_assert(rt_test_same_run("run", "again"));
    cJSON *summary = rt_test_json_file("run/summary.json");
    cr_assert_eq(rt_test_number(summary, "samples"), 16);
    cJSON_Delete(summary);

    refused(rt_test_retort("run", "run.yaml", "--out", "run", NULL),
            "there is a run in 'run' already; go on with --resume or choose another --out");
    refused(RESUME("run", "--set", "rounds=2"), "'rounds=2' would change the result");
    refused(RESUME("run", "--set", "distill.batch_size=4"), "would change the result");
    refused(RESUME("run", "--seed", "4"), "'seed=4' would change the result");
    refused(RESUME("run", "--set", "generate.weight.triplet=0"), "would change the result");
    refused(RESUME("run", "--set", "teacher=other.safetensors"), "begun with another teacher");
    refused(RESUME("run", "--set", "teacher=nowhere"), "no file 'nowhere'");
    refused(rt_test_retort("train", "--out", "run", "--resume", NULL),
            "'retort train' cannot go on with the run in 'run': unknown key 'teacher'");
    refused(rt_test_retort("generate", "--out", "run", "--resume", NULL),
            "'retort generate' cannot go on with the run in 'run': unknown key");
    cr_assert(rt_test_same_run("run", "again"), "a refused command changed something");

    cr_assert_eq(remove(rt_test_path("run/store/shard-000000.h5")), 0);
    refused(RESUME("run", "--quiet"), "shard-000000.h5");
    refused(rt_test_retort("run", "--out", "nowhere", "--resume", NULL), "nothing to resume");
    refused(rt_test_retort("run", "--resume", NULL), "'--resume' needs '--out'");
    refused(rt_test_retort("run", "run.yaml", NULL), "give it with --out");
}

/* What rt_file_replace leaves when it is killed goes; what only looks like it stays. */
Test(cli_resume, half_written_files_vanish)
{
    static const char *const leftovers[] = {
        "run/checkpoint.safetensors.77.tmp", "run/config.yaml.77.tmp",
        "run/summary.json.77.tmp",           "run/tuning.yaml.77.tmp",
        "run/samples/round-0001.png.77.tmp", "run/store/shard-000001.h5.77.tmp",
        "run/store/index.h5.77.tmp",
    };
    prepare();
    rt_test_retort_ends(0, "run", "run.yaml", "--out", "run", "--set", "rounds=1");
    for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++)
        rt_test_text(leftovers[i], "half");
    rt_test_text("run/notes.tmp", "mine");
    cr_assert_eq(RESUME("run", "--json")->code, 0);
    for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++)
        cr_expect_not(rt_test_exists(leftovers[i]), "%s", leftovers[i]);
    cr_assert(rt_test_exists("run/notes.tmp"));
}

Test(cli_resume, a_student_goes_on_only_with_its_teacher_and_samples)
{
    prepare();
    rt_test_retort_ends(0, "distill", "distill.yaml", "--out", "distill");
    refused(RESUME("distill", "--set", "teacher=other.safetensors"), "begun with another teacher");
    refused(RESUME("distill", "--set", "steps=9"), "'steps=9' would change the result");
    cr_assert_eq(rename(rt_test_path("images"), rt_test_path("old")), 0);
    refused(RESUME("distill", "--quiet"), "store 'images' does not exist");
    rt_test_real_store("images", 44);
    refused(RESUME("distill", "--quiet"), "begun with 40 samples, now there are 44");
}

Test(cli_resume, images_go_on_only_with_their_critic_and_store)
{
    prepare();
    rt_test_retort_ends(0, "generate", "generate.yaml", "--out", "generate", "--set",
                        "student=other.safetensors", "--set", "rounds=1");
    refused(RESUME("generate", "--set", "student=teacher.safetensors"), "another student");
    refused(RESUME("generate", "--set", "teacher=other.safetensors"), "another teacher");
    /* A store that is there already is never cut back by a run that did not make it. */
    refused(rt_test_retort("generate", "generate.yaml", "--out", "fresh", "--set", "store=images",
                           NULL),
            "store 'images' has shards already");
    rt_test_real_store("same", 40);
    cr_assert(rt_test_same(rt_test_path("images"), rt_test_path("same"), NULL));
}

Test(cli_resume, the_second_of_two_writers_is_told_who_the_first_is)
{
    char holder[64];
    prepare();
    const pid_t first =
        rt_test_retort_start("run", "run.yaml", "--out", "run", "--set", "rounds=10000", NULL);
    cr_assert(rt_test_await(first, "run/checkpoint.safetensors", NULL));
    snprintf(holder, sizeof holder, "is being written by process %ld", (long)first);
    const rt_child *second = RESUME("run", "--quiet");
    refused(second, holder);
    refused(second, "run 'run'");
    second = rt_test_retort("generate", "generate.yaml", "--out", "other", "--set",
                            "store=run/store", NULL);
    refused(second, holder);
    refused(second, "store 'run/store'");
    kill(first, SIGKILL);
    rt_test_retort_wait(first);
    /* The kernel has let go of the lock. */
    const pid_t next = rt_test_retort_start("run", "--out", "run", "--resume", NULL);
    cr_assert(rt_test_await(next, "run/metrics.csv", "\ndistill,"));
    kill(next, SIGKILL);
    rt_test_retort_wait(next);
}
