#include "common/base/run_clock.h"

#include "common/base/config.h"
#include "common/base/progress.h"

static const char file_name[] = "seconds.yaml";

typedef struct seconds {
    float generate, distill;
} seconds;

#define KEY(name) .key = #name, .type = RT_FLOAT, .offset = offsetof(seconds, name)
static const rt_config_row rows[] = {
    {KEY(generate), .max = 1e12, .help = "of synthesis"},
    {KEY(distill), .max = 1e12, .help = "of the student"},
};
static const rt_config_schema schema = {
    .command = "seconds", .rows = rows, .count = RT_COUNT(rows), .size = sizeof(seconds)};

void rt_stopwatch_start(rt_stopwatch *watch) { watch->began = rt_seconds(); }

void rt_stopwatch_stop(rt_stopwatch *watch)
{
    if (watch->began > 0) watch->seconds += rt_seconds() - watch->began;
    watch->began = 0;
}

double rt_stopwatch_total(const rt_stopwatch *watch)
{
    const double running = watch->began > 0 ? rt_seconds() - watch->began : 0;
    return watch->earlier + watch->seconds + running;
}

rt_status rt_run_clock_read(rt_run_clock *clock, const char *folder)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    seconds read = {0};
    *clock = (rt_run_clock){0};
    const char *path = rt_path_join(&arena, folder, file_name);
    if (path == NULL) return RT_ERROR_MEMORY;
    if (rt_file_exists(path)) RT_TRY_DONE(rt_config_load(&read, &schema, path, NULL, 0, &arena));
    clock->generate.earlier = (double)read.generate;
    clock->distill.earlier = (double)read.distill;
done:
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_run_clock_load(rt_run_clock *clock, const rt_run_directory *run)
{
    *clock = (rt_run_clock){0};
    return rt_run_has_checkpoint(run) ? rt_run_clock_read(clock, run->path) : RT_OK;
}

rt_status rt_run_clock_save(const rt_run_clock *clock, const rt_run_directory *run)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_buffer yaml = {0};
    const seconds written = {.generate = (float)rt_stopwatch_total(&clock->generate),
                             .distill = (float)rt_stopwatch_total(&clock->distill)};
    const char *path = rt_path_join(&arena, run->path, file_name);
    if (path == NULL) status = RT_ERROR_MEMORY;
    if (status == RT_OK) status = rt_config_write(&written, &schema, false, &yaml);
    if (status == RT_OK) status = rt_file_replace(path, yaml.data, yaml.size);
    rt_buffer_clear(&yaml);
    rt_arena_clear(&arena);
    return status;
}
