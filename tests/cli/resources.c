/* What a machine may lack: a Vulkan device, host memory. Exit code 3, what to do, no leak
 * (LeakSanitizer), nothing under a final name. */
#include "common/base/log.h"
#include "common/cli/commands.h"
#include "generator/commands.h"
#include "student/commands.h"
#include "tests/child.h"
#include "tests/cli/tiny.h"
#include "tests/temporary.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(cli_resources, .timeout = 600);

static void make_world(void)
{
    rt_tiny_configs();
    rt_tiny_store("store", &(rt_tiny){0});
    rt_tiny_model("teacher.safetensors", &(rt_tiny){0}, NULL);
    rt_tiny_idx("a", 10);
}

Test(cli_resources, every_command_says_that_there_is_no_device)
{
    static const char *const lines[][6] = {
        {"train", "train.yaml", "--out", "run-train"},
        {"generate", "generate.yaml", "--out", "run-generate"},
        {"distill", "distill.yaml", "--out", "run-distill"},
        {"run", "run.yaml", "--out", "run-run"},
        {"evaluate", "--model", "teacher.safetensors", "--data", "store"},
        {"bench", "conv2d"},
        {"devices"},
    };
    make_world();
    setenv("VK_ICD_FILENAMES", "/nonexistent.json", 1);
    setenv("VK_DRIVER_FILES", "/nonexistent.json", 1);
    for (size_t i = 0; i < RT_COUNT(lines); i++) {
        const char *const *w = lines[i];
        const rt_child *child = rt_test_retort_ends(3, w[0], w[1], w[2], w[3], w[4], w[5]);
        cr_expect_not_null(strstr(child->errors, "no Vulkan device"), "%s", child->errors);
        cr_expect_not_null(strstr(child->errors, "mesa-vulkan-drivers"), "%s", child->errors);
        cr_expect_str_empty(child->output);
    }
    cr_assert_neq(access(rt_test_path("run-distill/model.safetensors"), F_OK), 0);
    cr_assert_neq(access(rt_test_path("run-generate/store/shard-000000.h5"), F_OK), 0);
    /* These need none. */
    rt_test_retort_ends(0, "import", "idx", "a-images-idx3-ubyte", "--out", "imported");
    rt_test_retort_ends(0, "inspect", "imported", "--grid", "2x2");
}

Test(cli_resources, a_batch_that_no_device_holds)
{
    make_world();
    const rt_child *child = rt_test_retort_ends(
        3, "distill", "distill.yaml", "--out", "run", "--set", "noise=true", "--set", "stores=[]",
        "--set", "batch_size=65536", "--set", "base_width=64");
    cr_assert_not_null(strstr(child->errors, "a batch size of "), "%s", child->errors);
    cr_assert_neq(access(rt_test_path("run/model.safetensors"), F_OK), 0);
}

/* ---- the k-th allocation fails; in this process, where it can be counted ---- */

static void *allocate(size_t size) { return rt_alloc(1, size); }

/* A command as the program runs it. */
static rt_status run_command(const rt_command_description *description, char *const *words)
{
    rt_command command = {0};
    rt_buffer text = {0};
    int count = 0;
    while (words[count] != NULL) count++;
    rt_status status = rt_command_parse(&command, description, count, words);
    if (status == RT_OK) status = description->run(&command);
    if (status == RT_OK) status = rt_command_result_print(&command, &text);
    rt_buffer_clear(&text);
    rt_command_clear(&command);
    return status;
}

typedef struct memory_test {
    const rt_command_description *command;
    char *words[12];
    const char *made;     ///< file or folder that the command makes; removed between
    const char *result;   ///< a part of it that must be absent or whole after a failure
    uint64_t most_failed; ///< so many allocations fail, spread evenly; 0: every one
} memory_test;

static void remove_made(const memory_test *test)
{
    char command[256];
    if (test->made == NULL) return;
    snprintf(command, sizeof command, "rm -rf %s", test->made);
    cr_assert_eq(system(command), 0);
}

static void check_memory(const memory_test *test)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = rt_free});
    rt_log_set_quiet(true);
    cr_assert_eq(chdir(rt_test_folder()), 0);
    uint64_t before = rt_alloc_count();
    cr_assert_eq(run_command(test->command, test->words), RT_OK, "%s", rt_error_message());
    if (test->result != NULL) cr_assert_eq(rename(test->result, "whole"), 0);
    remove_made(test);
    const uint64_t total = rt_alloc_count() - before;
    uint64_t step = test->most_failed > 0 ? total / test->most_failed : 1, failed = 0;
    if (step == 0) step = 1;
    for (uint64_t k = 1; k <= total; k += step) {
        rt_alloc_fail_at(k, k % 2 == 0); /* once, or from then on */
        const rt_status status = run_command(test->command, test->words);
        rt_alloc_fail_at(0, false);
        /* A few are done without: the driver's cache folder, a hint at the nearest name. */
        cr_assert(status == RT_ERROR_MEMORY || status == RT_OK, "allocation %llu of %llu: %d %s",
                  (unsigned long long)k, (unsigned long long)total, status, rt_error_message());
        if (status != RT_OK) {
            failed++;
            cr_assert_eq(rt_status_exit_code(status), 3);
            cr_assert_not_null(strstr(rt_error_message(), "memory"), "%s", rt_error_message());
            if (test->result != NULL && access(test->result, F_OK) == 0)
                cr_assert(rt_test_same("whole", test->result, "lock"), "allocation %llu",
                          (unsigned long long)k);
        }
        remove_made(test);
    }
    cr_assert_gt(failed, 0);
    cr_assert_eq(run_command(test->command, test->words), RT_OK, "%s", rt_error_message());
}

#define W (char *)

Test(cli_resources, import_without_memory)
{
    make_world();
    const memory_test test = {.command = &rt_import_command,
                              .words = {W "idx", W "a-images-idx3-ubyte", W "--out", W "imported",
                                        W "--pad", W "1", W "--shard-samples", W "4", W "--json"},
                              .made = "imported",
                              .result = "imported"};
    check_memory(&test);
}

Test(cli_resources, inspect_of_a_store_without_memory)
{
    make_world();
    const memory_test test = {
        .command = &rt_inspect_command,
        .words = {W "store", W "--json", W "--by-class", W "--verify", W "--png", W "g.png"},
        .made = "g.png",
        .result = "g.png"};
    check_memory(&test);
}

Test(cli_resources, compare_without_memory)
{
    make_world();
    cr_assert_eq(mkdir(rt_test_path("run"), 0700), 0);
    rt_tiny_text("run/config.yaml", "rounds: 2\nstudent_steps: 3\ngenerate:\n  batch_size: 4\n");
    rt_tiny_text("run/seconds.yaml", "generate: 2\ndistill: 3\n");
    rt_tiny_text("run/metrics.csv",
                 "stage,round,step,evaluate.accuracy,evaluate.images,evaluate.seconds\n"
                 "evaluate,0,2,0.25,4,2.5\nevaluate,1,5,0.5,8,5\n");
    rt_tiny_text("run/summary.json", "{\"accuracy\": 0.5, \"samples\": 8}");
    const memory_test test = {
        .command = &rt_compare_command,
        .words = {W "run", W "run/", W "--json", W "--group-seeds", W "--png", W "pictures"},
        .made = "pictures",
        .result = "pictures/accuracy-by-seconds.png"};
    check_memory(&test);
}

Test(cli_resources, inspect_of_a_model_without_memory)
{
    make_world();
    const memory_test test = {.command = &rt_inspect_command,
                              .words = {W "teacher.safetensors", W "--json", W "--verify"}};
    check_memory(&test);
}

Test(cli_resources, inspect_of_a_run_without_memory)
{
    make_world();
    cr_assert_eq(mkdir(rt_test_path("run"), 0700), 0);
    rt_tiny_text("run/config.yaml", "seed: 1\n");
    rt_tiny_text("run/metrics.csv", "step,loss\n10,0.5\n20,0.25\n");
    rt_tiny_text("run/summary.json", "{\"accuracy\": 0.5, \"store\": \"store\"}\n");
    memory_test test = {.command = &rt_inspect_command, .words = {W "run", W "--json"}};
    check_memory(&test);
    cr_assert_eq(unlink(rt_test_path("run/summary.json")), 0); /* while it goes on */
    check_memory(&test);
}

Test(cli_resources, devices_without_memory)
{
    const memory_test test = {.command = &rt_devices_command, .words = {W "--json"}};
    check_memory(&test);
}

Test(cli_resources, evaluate_without_memory)
{
    make_world();
    const memory_test test = {
        .command = &rt_evaluate_command,
        .words = {W "--model", W "teacher.safetensors", W "--data", W "store", W "--json"},
        .most_failed = 20};
    check_memory(&test);
}

/* The config, the teacher, the generator, the graphs, and a round. */
Test(cli_resources, generate_without_memory)
{
    make_world();
    const memory_test test = {.command = &rt_generate_command,
                              .words = {W "generate.yaml", W "--out", W "run", W "--set",
                                        W "rounds=1", W "--set", W "generator_steps=1", W "--json"},
                              .made = "run",
                              .result = "run/store/shard-000000.h5",
                              .most_failed = 15};
    check_memory(&test);
}
