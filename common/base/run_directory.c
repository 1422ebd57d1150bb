#include "common/base/run_directory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char *rt_run_path(rt_run_directory *run, const char *name)
{
    return rt_path_join(&run->arena, run->path, name);
}

static rt_status set_paths(rt_run_directory *run, const char *path)
{
    run->path = rt_arena_strdup(&run->arena, path);
    if (run->path == NULL) return RT_ERROR_MEMORY;
    run->checkpoint = rt_run_path(run, "checkpoint.safetensors");
    run->model = rt_run_path(run, "model.safetensors");
    run->summary = rt_run_path(run, "summary.json");
    run->metrics = rt_run_path(run, "metrics.csv");
    run->rolled_back = rt_run_path(run, "rolled_back.txt");
    if (run->checkpoint == NULL || run->model == NULL || run->summary == NULL ||
        run->metrics == NULL || run->rolled_back == NULL)
        return RT_ERROR_MEMORY;
    return RT_OK;
}

/* A name of rt_file_replace for one of our files ("PREFIX....PID.tmp"): the folder may hold files
 * of the user's own. */
static bool is_leftover(const char *name)
{
    static const char *const prefixes[] = {"config.yaml.",
                                           "checkpoint.safetensors.",
                                           "model.safetensors.",
                                           "summary.json.",
                                           "tuning.yaml.",
                                           "seconds.yaml.",
                                           "round-"};
    static const char ending[] = ".tmp";
    const size_t length = strlen(name);
    if (length < sizeof ending || strcmp(name + length - strlen(ending), ending) != 0) return false;
    for (size_t i = 0; i < RT_COUNT(prefixes); i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) return true;
    return false;
}

static rt_status clear_folder(rt_arena *arena, const char *folder)
{
    char **names;
    size_t count;
    RT_TRY(rt_directory_list(arena, folder, &names, &count));
    for (size_t i = 0; i < count; i++) {
        const char *path = rt_path_join(arena, folder, names[i]);
        if (path == NULL) return RT_ERROR_MEMORY;
        if (is_leftover(names[i])) RT_TRY(rt_file_remove(path));
    }
    return RT_OK;
}

/* What was half written when the run was killed. */
static rt_status clear_leftovers(rt_run_directory *run)
{
    const char *samples = rt_run_path(run, "samples");
    if (samples == NULL) return RT_ERROR_MEMORY;
    RT_TRY(clear_folder(&run->arena, run->path));
    return rt_directory_exists(samples) ? clear_folder(&run->arena, samples) : RT_OK;
}

static rt_status open_directory(rt_run_directory *run, const char *path, bool resume,
                                const rt_buffer *config_yaml)
{
    RT_TRY(set_paths(run, path));
    RT_TRY(rt_directory_create(path));
    const char *lock = rt_run_path(run, ".lock"), *config = rt_run_path(run, "config.yaml");
    if (lock == NULL || config == NULL) return RT_ERROR_MEMORY;
    const char *what = rt_arena_printf(&run->arena, "run '%s'", path);
    if (what == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_lock_take(&run->lock, lock, what));
    const bool exists = rt_run_has_checkpoint(run) || rt_file_exists(run->model);
    if (exists && !resume)
        return rt_fail(
            RT_ERROR_INPUT,
            "there is a run in '%s' already; go on with --resume or choose another --out", path);
    RT_TRY(clear_leftovers(run));
    if (!exists || !rt_file_exists(config)) {
        RT_TRY(rt_file_replace(config, config_yaml->data, config_yaml->size));
        RT_TRY(rt_file_remove(run->metrics));
        RT_TRY(rt_file_remove(run->rolled_back));
    }
    return RT_OK;
}

rt_status rt_run_open(rt_run_directory *run, const char *path, bool resume,
                      const rt_buffer *config_yaml)
{
    *run = (rt_run_directory){0};
    if (path == NULL) return rt_fail(RT_ERROR_INPUT, "the run needs a folder; give it with --out");
    const rt_status status = open_directory(run, path, resume, config_yaml);
    if (status != RT_OK) rt_run_close(run);
    return status;
}

void rt_run_close(rt_run_directory *run)
{
    rt_lock_release(&run->lock);
    rt_arena_clear(&run->arena);
    *run = (rt_run_directory){0};
}

bool rt_run_has_checkpoint(const rt_run_directory *run) { return rt_file_exists(run->checkpoint); }

rt_status rt_run_interrupted(const rt_run_directory *run)
{
    return rt_fail(RT_ERROR_INTERRUPTED, "interrupted; go on with --resume --out %s", run->path);
}

rt_status rt_run_metrics(rt_run_directory *run, const char *header, const char *format, ...)
{
    rt_status status = RT_OK;
    rt_buffer text = {0};
    char row[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row, sizeof row, format, arguments);
    va_end(arguments);
    if (run->metrics_bytes == 0) RT_TRY_DONE(rt_buffer_printf(&text, "%s\n", header));
    RT_TRY_DONE(rt_buffer_printf(&text, "%s\n", row));
    RT_TRY_DONE(rt_file_append(run->metrics, text.data, text.size));
    run->metrics_bytes += text.size;
done:
    rt_buffer_clear(&text);
    return status;
}

rt_status rt_run_metrics_sync(const rt_run_directory *run)
{
    return run->metrics_bytes == 0 ? RT_OK : rt_file_truncate(run->metrics, run->metrics_bytes);
}

rt_status rt_run_metrics_cut(rt_run_directory *run, uint64_t bytes)
{
    run->metrics_bytes = bytes;
    if (bytes == 0) return rt_file_remove(run->metrics);
    return rt_file_truncate(run->metrics, bytes);
}
