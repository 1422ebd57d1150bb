/* `retort bench`: its rows exist, are finite and add up; and scripts/bench with stand-ins for both
 * sides, so that what it makes of their seconds is known. */
#include "tests/cli/tiny.h"
#include "tests/pipeline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(cli_bench, .timeout = 600);

/* The array "results" of what --json printed; asserts that each has a name and a time. */
static cJSON *read_results(const rt_child *child, cJSON **object)
{
    *object = rt_test_json(child->output);
    cJSON *results = cJSON_GetObjectItemCaseSensitive(*object, "results");
    cr_assert_gt(cJSON_GetArraySize(results), 0);
    cr_assert(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(*object, "device")));
    const cJSON *row;
    cJSON_ArrayForEach(row, results)
    {
        cr_assert(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(row, "name")));
        const double seconds = rt_test_number(row, "seconds");
        cr_assert(isfinite(seconds) && seconds >= 0, "%s", child->output);
        cr_assert(isfinite(rt_test_number(row, "gflops")), "%s", child->output);
    }
    return results;
}

static const cJSON *find(const cJSON *results, const char *name)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, results)
    {
        const char *found = cJSON_GetObjectItemCaseSensitive(row, "name")->valuestring;
        if (strcmp(found, name) == 0) return row;
    }
    cr_assert_fail("no row '%s'", name);
    return NULL;
}

Test(cli_bench, operators_of_a_runs_steps_add_up)
{
    static const char *const steps[] = {"run.yaml-synthesis-step", "run.yaml-student-step"};
    cJSON *object;
    rt_test_model("teacher.safetensors", &rt_test_teacher, 4);
    rt_test_text("run.yaml", RT_TEST_RUN);
    const rt_child *child =
        rt_test_retort_ends(0, "bench", "step", "run.yaml", "--repeats", "3", "--json", "--quiet");
    const cJSON *results = read_results(child, &object);
    for (size_t i = 0; i < RT_COUNT(steps); i++) {
        char name[128];
        double sum = 0;
        size_t operators = 0;
        const cJSON *row;
        find(results, steps[i]);
        snprintf(name, sizeof name, "%s/sum of all", steps[i]);
        const double whole = rt_test_number(find(results, name), "seconds");
        snprintf(name, sizeof name, "%s/wall clock with time stamps", steps[i]);
        const double wall = rt_test_number(find(results, name), "seconds");
        snprintf(name, sizeof name, "%s/conv2d forward", steps[i]);
        cr_assert_gt(rt_test_number(find(results, name), "gflops"), 0);
        snprintf(name, sizeof name, "%s/", steps[i]);
        cJSON_ArrayForEach(row, results)
        {
            const char *found = cJSON_GetObjectItemCaseSensitive(row, "name")->valuestring;
            if (strncmp(found, name, strlen(name)) != 0 || strstr(found, "sum of all") != NULL ||
                strstr(found, "wall clock") != NULL)
                continue;
            sum += rt_test_number(row, "seconds");
            cr_assert_float_eq(rt_test_number(row, "share"), rt_test_number(row, "seconds") / wall,
                               1e-6);
            operators++;
        }
        cr_assert_gt(operators, 10);
        cr_assert_float_eq(sum, whole, 1e-9 + 1e-6 * whole);
    }
    cJSON_Delete(object);
}

Test(cli_bench, a_random_teacher_needs_no_file)
{
    cJSON *object;
    rt_test_text("run.yaml", RT_TEST_RUN);
    const rt_child *child =
        rt_test_retort_ends(2, "bench", "step", "run.yaml", "--wall", "--repeats", "1");
    cr_assert_not_null(strstr(child->errors, "teacher.safetensors"), "%s", child->errors);
    child = rt_test_retort_ends(2, "bench", "step", "run.yaml", "--random-teacher");
    cr_assert_not_null(strstr(child->errors, "--set teacher_arch=NAME"), "%s", child->errors);
    child = rt_test_retort_ends(0, "bench", "step", "run.yaml", "--random-teacher", "--wall",
                                "--repeats", "1", "--set", "teacher_arch=resnet8", "--set",
                                "teacher_base_width=4", "--set", "teacher_channels=1", "--set",
                                "teacher_height=8", "--set", "teacher_width=8", "--json");
    const cJSON *results = read_results(child, &object);
    cr_assert_eq(cJSON_GetArraySize(results), 2, "the wall clock alone: %s", child->output);
    cJSON_Delete(object);
}

Test(cli_bench, lists_what_it_measures)
{
    static const char *const names[] = {
        "conv2d 64x16x16 64->64 3x3/1 weight gradient\n",
        "wrn-synthesis-step\n",
        "wrn-student-step\n",
        "demo-synthesis-step\n",
        "demo-student-step\n",
        "resnet20-training-step\n",
        "resnet20-evaluation\n",
    };
    const rt_child *child = rt_test_retort_ends(0, "bench", "--list");
    for (size_t i = 0; i < RT_COUNT(names); i++)
        cr_expect_not_null(strstr(child->output, names[i]), "no %s", names[i]);
    child = rt_test_retort_ends(0, "bench", "step", "--list", "--match", "demo-student");
    cr_assert_str_eq(child->output, "demo-student-step\n");
}

Test(cli_bench, training_and_evaluation_of_an_architecture)
{
    cJSON *object;
    const rt_child *child = rt_test_retort_ends(0, "bench", "train", "resnet8", "--batch-size", "2",
                                                "--repeats", "1", "--wall", "--json");
    find(read_results(child, &object), "resnet8-training-step");
    cJSON_Delete(object);
    child = rt_test_retort_ends(0, "bench", "evaluate", "resnet8", "--images", "20", "--batch-size",
                                "16", "--size", "8x12", "--repeats", "1", "--json");
    find(read_results(child, &object), "resnet8-evaluation");
    cJSON_Delete(object);
    child = rt_test_retort_ends(2, "bench", "evaluate", "resnet18", "--size", "3x8");
    cr_assert_not_null(strstr(child->errors, "images of 3x8x3"), "%s", child->errors);
    child = rt_test_retort_ends(2, "bench", "train", "resnet8", "--stem", "large");
    cr_assert_not_null(strstr(child->errors, "no large stem"), "%s", child->errors);
    child = rt_test_retort_ends(2, "bench", "train", "resnet9");
    cr_assert_not_null(strstr(child->errors, "6n+2"), "%s", child->errors);
}

/* Stand-ins: Retort takes 2 s, then 4, 3 and 3; PyTorch takes 1.5 s, in channels_last 6 s. */
static const char retort_text[] =
    "#!/bin/bash\n"
    "if [[ $3 == --list ]]; then\n"
    "    echo 'conv2d 1x4x4 8->8 3x3/1 forward'\n"
    "    echo 'conv2d 1x4x4 8->4 3x3/1 forward'\n"
    "    exit\n"
    "fi\n"
    "echo \"$4\" >>calls\n"
    "seconds=(2 4 3 3)\n"
    "if [[ $2 == conv2d ]]; then set -- 0 0 0 \"${4}forward\"; fi\n"
    "echo \"{\\\"device\\\": \\\"none\\\", \\\"results\\\": [{\\\"name\\\": \\\"$4\\\", "
    "\\\"seconds\\\": ${seconds[($(wc -l <calls) - 1) % 4]}}]}\"\n";
static const char yardstick_text[] = "import json, sys\n"
                                     "for line in sys.stdin:\n"
                                     "    request = json.loads(line)\n"
                                     "    slow = request['layout'] == 'channels_last'\n"
                                     "    seconds = [6 if slow else 1.5] * request['repeats']\n"
                                     "    print(json.dumps({'seconds': seconds}), flush=True)\n";

static void compare(const char *arguments)
{
    char command[2048];
    snprintf(command, sizeof command,
             "cd '%s' && /usr/bin/python3 '%s/scripts/benchmarks/compare.py' --retort ./retort.sh "
             "--yardstick yardstick.py %s >table",
             rt_test_path("."), RT_SOURCE_FOLDER, arguments);
    cr_assert_eq(system(command), 0, "%s", command);
}

Test(cli_bench, the_comparison_is_of_medians_and_has_a_schema)
{
    rt_test_text("retort.sh", retort_text);
    rt_test_text("yardstick.py", yardstick_text);
    cr_assert_eq(chmod(rt_test_path("retort.sh"), 0755), 0);
    compare("--rounds 3 --rows 'wrn-s*' --rows 'conv2d *' --out result.json");
    cJSON *result = rt_test_json_file("result.json");
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(result, "rows");
    cr_assert_eq(cJSON_GetArraySize(rows), 4);
    /* A call warms up, and the median of 4, 3 and 3 is 3. */
    const cJSON *step = find(rows, "wrn-synthesis-step");
    cr_assert_eq(rt_test_number(step, "retort_seconds"), 3);
    cr_assert_eq(rt_test_number(step, "pytorch_seconds"), 1.5);
    cr_assert_eq(rt_test_number(step, "ratio"), 0.5);
    cr_assert_float_eq(rt_test_number(step, "retort_spread"), 1.0 / 3, 1e-12);
    find(rows, "wrn-student-step");
    const cJSON *layer = find(rows, "conv2d 1x4x4 8->8 3x3/1 forward");
    const cJSON *ratios = cJSON_GetObjectItemCaseSensitive(layer, "ratios");
    cr_assert_eq(rt_test_number(ratios, "nchw"), 0.5);
    cr_assert_eq(rt_test_number(ratios, "channels_last"), 2);
    /* 8 to 4 channels is a last layer, not one of the table. */
    const cJSON *medians = cJSON_GetObjectItemCaseSensitive(result, "median_ratios");
    cr_assert_eq(cJSON_GetArraySize(medians), 1);
    cr_assert_eq(rt_test_number(medians, "forward"), 0.5);
    cJSON_Delete(result);
}
