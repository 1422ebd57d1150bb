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
    return bench->match == NULL || strstr(name, bench->match) != NULL;
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

rt_status rt_bench_warm_up(const rt_bench *bench, rt_phase *phase)
{
    const double began = rt_seconds(), warm_up_seconds = 0.3;
    if (rt_device_is_cpu(rt_device_describe(bench->device))) return RT_OK;
    while (rt_seconds() - began < warm_up_seconds) {
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

static rt_status measure(rt_bench *bench)
{
    const rt_command *command = bench->command;
    const char *what = command->argument_count > 0 ? command->arguments[0] : NULL;
    static const char *const names[] = {"conv2d", "step"};
    if (what != NULL && strcmp(what, "conv2d") != 0 && strcmp(what, "step") != 0) {
        const char *nearest = rt_nearest_name(what, names, RT_COUNT(names));
        return rt_fail(RT_ERROR_INPUT, "cannot measure '%s'; there are conv2d and step%s%s", what,
                       nearest != NULL ? ": did you mean " : "", nearest != NULL ? nearest : "");
    }
    if (command->argument_count > 1 && strcmp(what, "step") != 0)
        return rt_fail(RT_ERROR_INPUT, "conv2d takes no config; 'bench step CONFIG' does");
    RT_TRY(rt_command_open_device(bench->command, NULL, &bench->device));
    if (rt_device_describe(bench->device)->timestamp_nanoseconds == 0)
        return rt_fail(RT_ERROR_DEVICE, "'%s' has no time stamps: nothing can be measured",
                       rt_device_describe(bench->device)->name);
    if (what == NULL || strcmp(what, "conv2d") == 0) RT_TRY(rt_bench_conv2d(bench));
    if (what == NULL || strcmp(what, "step") == 0) RT_TRY(rt_bench_step(bench));
    return rt_command_result_text(bench->command, "device",
                                  rt_device_describe(bench->device)->name);
}

static rt_status run(rt_command *command)
{
    rt_bench bench = {
        .command = command, .repeats = 9, .match = rt_command_option(command, "match")};
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
};

const rt_command_description rt_bench_command = {
    .name = "bench",
    .summary = "measure kernels and whole training steps on a device",
    .usage = "[conv2d | step [CONFIG]]",
    .example = "retort bench conv2d --match '128x16x16' --repeats 9",
    .detail =
        "conv2d: the three passes of convolutions, checked against plain sums, then timed.\n"
        "step: one synthesis step and one student step, operator by operator. Without a run's\n"
        "CONFIG those of the demo; --set changes its keys (generate.batch_size=256).\n",
    .options = options,
    .option_count = RT_COUNT(options),
    .flags = RT_FLAG_SET | RT_FLAG_DEVICE,
    .arguments_maximum = 2,
    .run = run,
};
