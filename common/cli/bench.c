/* `retort bench`: how fast kernels and whole steps are on a device. */
#include "common/cli/bench.h"

#include "common/base/progress.h"
#include "common/base/random.h"
#include "common/cli/commands.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_number(cJSON *object, const char *key, double value)
{
    return value == 0 || cJSON_AddNumberToObject(object, key, value) != NULL;
}

static bool fill(cJSON *object, const rt_bench_result *r)
{
    char name[400];
    snprintf(name, sizeof name, "%s%s%s", r->part_of != NULL ? r->part_of : "",
             r->part_of != NULL ? "/" : "", r->name);
    return cJSON_AddStringToObject(object, "name", name) != NULL &&
           cJSON_AddNumberToObject(object, "seconds", r->seconds) != NULL &&
           cJSON_AddNumberToObject(object, "gflops", r->flops / r->seconds * 1e-9) != NULL &&
           add_number(object, "gigabytes_a_second", r->bytes / r->seconds * 1e-9) &&
           add_number(object, "share", r->share);
}

static void print(const rt_bench_result *r)
{
    printf("%s%-*s %10.3f ms", r->part_of != NULL ? "  " : "", r->part_of != NULL ? 42 : 44,
           r->name, r->seconds * 1e3);
    const double gflops = r->flops / r->seconds * 1e-9;
    if (gflops >= 10000)
        printf(" %8.1f TFLOP/s", gflops * 1e-3);
    else if (r->flops > 0)
        printf(" %8.1f GFLOP/s", gflops);
    else
        printf(" %16s", "");
    if (r->bytes > 0)
        printf(" %7.1f GB/s", r->bytes / r->seconds * 1e-9);
    else
        printf(" %12s", "");
    if (r->share > 0) printf(" %5.1f %%", 100 * r->share);
    if (r->remark != NULL) printf("  %s", r->remark);
    printf("\n");
    fflush(stdout);
}

rt_status rt_bench_report(rt_bench *bench, const rt_bench_result *result)
{
    if (!bench->command->json) {
        print(result);
        return RT_OK;
    }
    cJSON *object = cJSON_CreateObject();
    if (object == NULL || !fill(object, result) || !cJSON_AddItemToArray(bench->results, object)) {
        cJSON_Delete(object);
        return rt_fail(RT_ERROR_MEMORY, "out of memory for the result");
    }
    return RT_OK;
}

bool rt_bench_wants(const rt_bench *bench, const char *name)
{
    if (bench->match != NULL && strstr(name, bench->match) == NULL) return false;
    if (bench->list_only) printf("%s\n", name);
    return !bench->list_only;
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double rt_bench_median(double *values, uint32_t count)
{
    qsort(values, count, sizeof *values, ascending);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

rt_status rt_bench_warm_up(rt_phase *phase)
{
    const double began = rt_seconds();
    while (rt_seconds() - began < RT_BENCH_WARM_UP_SECONDS) {
        RT_TRY(rt_phase_submit(phase));
        RT_TRY(rt_phase_wait(phase));
    }
    return RT_OK;
}

float rt_bench_number(uint64_t seed, uint64_t i)
{
    uint32_t draws[4];
    rt_philox(seed, RT_STREAM_NOISE, 0, i, draws);
    return 2 * rt_random_uniform(draws[0]) - 1;
}

/* What can be measured; without a word all of it is. */
static const struct {
    const char *name;
    rt_status (*measure)(rt_bench *bench);
    bool takes_argument;
} parts[] = {
    {"conv2d", rt_bench_conv2d, false},
    {"step", rt_bench_step_rows, true},
    {"train", rt_bench_train, true},
    {"evaluate", rt_bench_evaluate, true},
};

/* Errors: `what` names no part, or one that takes no further word. */
static rt_status check_part(const char *what, bool argument)
{
    const char *names[RT_COUNT(parts)];
    for (size_t i = 0; i < RT_COUNT(parts); i++) {
        names[i] = parts[i].name;
        if (strcmp(what, names[i]) != 0) continue;
        if (!argument || parts[i].takes_argument) return RT_OK;
        return rt_fail(RT_ERROR_INPUT, "%s takes no config; 'bench step CONFIG' does", what);
    }
    const char *nearest = rt_nearest_name(what, names, RT_COUNT(names));
    return rt_fail(RT_ERROR_INPUT,
                   "cannot measure '%s'; there are conv2d, step, train and evaluate%s%s", what,
                   nearest != NULL ? ": did you mean " : "", nearest != NULL ? nearest : "");
}

static rt_status measure(rt_bench *bench)
{
    const rt_command *command = bench->command;
    const char *what = command->argument_count > 0 ? command->arguments[0] : NULL;
    if (what != NULL) RT_TRY(check_part(what, command->argument_count > 1));
    RT_TRY(rt_command_open_device(bench->command, NULL, &bench->device));
    if (rt_device_describe(bench->device)->timestamp_nanoseconds == 0)
        return rt_fail(RT_ERROR_DEVICE, "'%s' has no time stamps: nothing can be measured",
                       rt_device_describe(bench->device)->name);
    for (size_t i = 0; i < RT_COUNT(parts); i++)
        if (what == NULL || strcmp(what, parts[i].name) == 0) RT_TRY(parts[i].measure(bench));
    return rt_command_result_text(bench->command, "device",
                                  rt_device_describe(bench->device)->name);
}

static rt_status run(rt_command *command)
{
    rt_bench bench = {
        .command = command,
        .repeats = 9,
        .match = rt_command_option(command, "match"),
        .list_only = rt_command_option(command, "list") != NULL,
        .wall_only = rt_command_option(command, "wall") != NULL,
        .random_teacher = rt_command_option(command, "random-teacher") != NULL,
    };
    if (bench.list_only && command->json)
        return rt_fail(RT_ERROR_INPUT, "--list prints names, not JSON; leave --json out");
    RT_TRY(rt_command_option_uint(command, "repeats", 1, 1000, &bench.repeats));
    bench.results = cJSON_CreateArray();
    if (bench.results == NULL) return rt_fail(RT_ERROR_MEMORY, "out of memory for the result");
    const rt_status status = measure(&bench);
    if (status != RT_OK) {
        cJSON_Delete(bench.results);
        return status;
    }
    return rt_command_result_item(command, "results", bench.results);
}

static const rt_option options[] = {
    {"repeats", "N", "a figure is the median of N runs (9)"},
    {"match", "TEXT", "measure only what has TEXT in its name"},
    {"list", NULL, "only the names of what would be measured"},
    {"wall", NULL, "of steps only the wall clock, not operator by operator"},
    {"random-teacher", NULL, "step: do not read the config's teacher, draw its weights"},
    {"batch-size", "N", "train, evaluate: images a step (128, 256)"},
    {"images", "N", "evaluate: how many (1024)"},
    {"size", "HxW", "train, evaluate: of the images (32x32)"},
    {"stem", "small|large", "train, evaluate: of a family that has both (small)"},
};

const rt_command_description rt_bench_command = {
    .name = "bench",
    .summary = "measure kernels and whole training steps on a device",
    .usage = "[conv2d | step [CONFIG] | train [ARCH] | evaluate [ARCH]]",
    .example = "retort bench step configs/fashion-mnist/demo.yaml --repeats 9",
    .detail =
        "conv2d: the three passes of convolutions, checked against plain sums, then timed.\n"
        "step: a synthesis step and a student step of the run that CONFIG describes: the wall "
        "clock,\n"
        "  then the time that each operator takes on the device. Without CONFIG those of the demo "
        "and\n"
        "  of the paper's networks with 128 images, with random teachers. --set changes keys.\n"
        "train: a training step of ARCH (resnet20) on images of 32x32x3 (--size), as step.\n"
        "evaluate: ARCH on 1,024 such images (--images).\n",
    .options = options,
    .option_count = RT_COUNT(options),
    .flags = RT_FLAG_SET | RT_FLAG_DEVICE,
    .arguments_maximum = 2,
    .run = run,
};
