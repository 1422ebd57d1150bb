/* A disk that takes no more (here: a limit on the size of a file): exit code 2, nothing half
 * written, and the run goes on once there is room. */
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

TestSuite(cli_disk_full, .timeout = 300);

/* Runs with files of at most `bytes`; the limit is inherited by the program alone. */
static const rt_child *run_limited(const char *command, const char *config, const char *run,
                                   rlim_t bytes)
{
    struct rlimit before;
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, before.rlim_max}), 0);
    const pid_t process =
        rt_test_retort_start(command, config, "--out", run, "--resume", "--quiet", NULL);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    return rt_test_retort_wait(process);
}

static void fill_and_go_on(const char *command, const char *config, rlim_t bytes, const char *file)
{
    const rt_child *child = run_limited(command, config, "full", bytes);
    cr_assert_eq(child->code, 2, "%d: %s", child->code, child->errors);
    cr_assert_not_null(strstr(child->errors, file), "wanted '%s': %s", file, child->errors);
    cr_assert_not_null(strstr(child->errors, "limit on file sizes"), "%s", child->errors);
    cr_assert_eq(rt_test_leftovers("full"), 0);
    cr_assert_not(rt_test_exists("full/summary.json"));
    rt_test_retort_ends(0, command, config, "--out", "full", "--resume");
    cr_assert(rt_test_same_run("reference", "full"));
}

Test(cli_disk_full, generate_goes_on_once_there_is_room)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_text("a.yaml", RT_TEST_GENERATE);
    rt_test_retort_ends(0, "generate", "a.yaml", "--out", "reference");
    /* Generator and moments in the checkpoint make it the largest file. */
    fill_and_go_on("generate", "a.yaml", 4000, "checkpoint.safetensors");
}

Test(cli_disk_full, shards_and_index_are_whole_or_not_there)
{
    static const char config[] = "teacher: teacher.safetensors\n"
                                 "rounds: 2\n"
                                 "batch_size: 16\n"
                                 "latent_size: 8\n"
                                 "generator_width: 4\n"
                                 "generator_steps: 2\n";
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_text("a.yaml", config);
    rt_test_retort_ends(0, "generate", "a.yaml", "--out", "reference");
    fill_and_go_on("generate", "a.yaml", 2000, "shard-000000.h5");
    cr_assert_eq(rename(rt_test_path("full"), rt_test_path("mended")), 0);
    fill_and_go_on("generate", "a.yaml", 6000, "index.h5");
}

Test(cli_disk_full, a_student_goes_on_once_there_is_room)
{
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_real_store("images", 40);
    rt_test_text("a.yaml", RT_TEST_DISTILL);
    rt_test_retort_ends(0, "distill", "a.yaml", "--out", "reference");
    fill_and_go_on("distill", "a.yaml", 10000, "checkpoint.safetensors");
}
