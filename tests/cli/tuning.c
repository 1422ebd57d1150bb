/* The kernels of a run: chosen, noted in its folder, and repeated. */
#include "common/ops/conv2d_cache.h"
#include "tests/ops/operator_test.h"
#include "tests/pipeline.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

TestSuite(cli_tuning, .timeout = 600);

/* A whole run, and one that is killed when its tuning.yaml says so much, before its first step, and
 * resumed where other kernels would be chosen: the same bits and choices. */
static void check_resumed(const char *killed_at)
{
    rt_test_real_store("real", 48);
    rt_test_text("train.yaml", RT_TEST_TRAIN);
    rt_test_retort_ends(0, "train", "train.yaml", "--out", "whole", "--quiet");
    const pid_t process = rt_test_retort_start("train", "train.yaml", "--out", "killed", NULL);
    rt_test_await(process, "killed/tuning.yaml", killed_at);
    kill(process, SIGKILL);
    rt_test_retort_wait(process);
    setenv("RETORT_CONV2D", "plain", 1);
    rt_test_retort_ends(0, "train", "--out", "killed", "--resume", "--quiet");
    cr_assert(rt_test_same_run("whole", "killed"));
    cr_assert(
        rt_test_same(rt_test_path("whole/tuning.yaml"), rt_test_path("killed/tuning.yaml"), NULL));
}

Test(cli_tuning, a_resumed_run_gives_the_bits_of_the_kernels_that_it_began_with)
{
    check_resumed("conv2d:");
    rt_test_text("killed/tuning.yaml", "conv2d: pl");
    const rt_child *child = rt_test_retort_ends(2, "train", "--out", "killed", "--resume");
    cr_assert_not_null(strstr(child->errors, "killed/tuning.yaml"), "%s", child->errors);
}

/* The same with kernels that were chosen by timing, layer by layer. Two families that every device
 * has contend; the first run's cache is what the second one finds. */
Test(cli_tuning, a_resumed_run_repeats_what_timing_chose)
{
    rt_test_device(); /* the shader cache stays that of all tests */
    setenv("XDG_CACHE_HOME", rt_test_folder(), 1);
    unsetenv("RETORT_CONV2D");
    const rt_conv2d_plan plan = {
        .contenders = {.families = {&rt_conv2d_shared_family, &rt_conv2d_plain_family}, .count = 2},
        .timed = true};
    rt_conv2d_cache_add(&plan, rt_test_device());
    check_resumed("  - \"");

    /* Another run with the same kernels: docs/kernels.md, section 4. */
    size_t size;
    char *tuning = rt_test_read(rt_test_path("whole/tuning.yaml"), &size);
    mkdir(rt_test_path("copy"), 0700);
    rt_test_write(rt_test_path("copy/tuning.yaml"), tuning, size);
    free(tuning);
    rt_test_retort_ends(0, "train", "train.yaml", "--out", "copy", "--quiet");
    cr_assert(rt_test_same_run("whole", "copy"));
}

static double number(const cJSON *object, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static bool is_true(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

Test(cli_tuning, devices_shows_what_every_kernel_does)
{
    const char *match = "7x7 32->32";
    const rt_child *child = rt_test_retort_ends(0, "devices", "--tune", "--match", match, "--json");
    cJSON *object = cJSON_Parse(child->output);
    const cJSON *device =
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(object, "devices"), 0);
    const cJSON *conv2d = cJSON_GetObjectItemCaseSensitive(device, "conv2d");
    cr_assert(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(conv2d, "kernels")));
    const cJSON *figures = cJSON_GetObjectItemCaseSensitive(conv2d, "figures"), *figure;
    cr_assert_geq(cJSON_GetArraySize(figures), 12, "two layers, three passes, two families");
    cJSON_ArrayForEach(figure, figures)
    {
        cr_assert(is_true(figure, "right"));
        cr_assert_gt(number(figure, "gflops"), 0);
    }
    const cJSON *layers = cJSON_GetObjectItemCaseSensitive(conv2d, "layers");
    int chosen = 0;
    cJSON_ArrayForEach(figure, layers)
    {
        const cJSON *work = cJSON_GetObjectItemCaseSensitive(figure, "work");
        cr_assert_not_null(strstr(work->valuestring, match), "%s", work->valuestring);
        chosen += is_true(figure, "chosen");
        if (is_true(figure, "chosen")) cr_assert_gt(number(figure, "gflops"), 0);
    }
    cr_assert_eq(chosen, 3, "one of each pass");
    cJSON_Delete(object);
}

/* The steps of a run, whose teacher need not be there. */
Test(cli_tuning, devices_tunes_for_a_run)
{
    rt_test_device();
    setenv("XDG_CACHE_HOME", rt_test_folder(), 1);
    rt_test_text("run.yaml", RT_TEST_RUN);
    const rt_child *child = rt_test_retort_ends(
        0, "devices", "run.yaml", "--tune", "--device", "0", "--set", "teacher_arch=resnet8",
        "--set", "teacher_base_width=4", "--set", "teacher_channels=1", "--set", "teacher_height=8",
        "--set", "teacher_width=8");
    int chosen = 0;
    for (const char *at = child->output; (at = strstr(at, "  chosen\n")) != NULL; at++) chosen++;
    cr_assert_gt(chosen, 20, "%s", child->output);
    child = rt_test_retort_ends(2, "devices", "run.yaml");
    cr_assert_not_null(strstr(child->errors, "--tune"), "%s", child->errors);
}
