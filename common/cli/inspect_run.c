#include "common/cli/inspect.h"

#include "common/base/escape.h"
#include "common/base/io.h"
#include "common/base/metrics.h"
#include "common/cli/run_summary.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

static rt_status read_metrics(rt_command *command, const char *run, cJSON *metrics)
{
    rt_status status = RT_OK;
    rt_metrics rows;
    const char *path = rt_path_join(&command->arena, run, "metrics.csv");
    if (path == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_metrics_open(&rows, path));
    bool any = false;
    while (rt_metrics_next(&rows)) any = true;
    for (int column = 0; any && column < rows.columns && rows.fields[column] != NULL; column++) {
        const double number = rt_metrics_number(&rows, column);
        const char *name = rows.names[column], *text = rt_metrics_text(&rows, column);
        const cJSON *added = isfinite(number) ? cJSON_AddNumberToObject(metrics, name, number)
                                              : cJSON_AddStringToObject(metrics, name, text);
        if (added == NULL) {
            status = rt_fail(RT_ERROR_MEMORY, "out of memory for '%s'", path);
            break;
        }
    }
    rt_metrics_close(&rows);
    return status;
}

/* The run's store: its own folder, else the one that the summary names. NULL: none. */
static rt_status find_store(rt_command *command, const char *run, const cJSON *summary,
                            const char **store)
{
    *store = rt_path_join(&command->arena, run, "store");
    if (*store == NULL) return RT_ERROR_MEMORY;
    bool is_store;
    RT_TRY(rt_inspect_is_store(&command->arena, *store, &is_store));
    if (is_store) return RT_OK;
    const char *named = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(summary, "store"));
    *store = NULL;
    if (named == NULL) return RT_OK;
    RT_TRY(rt_inspect_is_store(&command->arena, named, &is_store));
    if (is_store) *store = rt_arena_strdup(&command->arena, named);
    return is_store && *store == NULL ? RT_ERROR_MEMORY : RT_OK;
}

static void print_object(const char *title, const cJSON *object)
{
    const cJSON *item;
    if (object == NULL || object->child == NULL) return;
    printf("%s\n", title);
    cJSON_ArrayForEach(item, object)
    {
        char text[256];
        rt_text_escape(text, sizeof text, item->string);
        printf("  %-24s ", text);
        if (cJSON_IsNumber(item)) {
            printf("%.6g\n", item->valuedouble);
        } else if (cJSON_IsString(item)) {
            rt_text_escape(text, sizeof text, item->valuestring);
            printf("%s\n", text);
        } else {
            printf("%s\n", cJSON_IsNull(item) ? "-" : "(--json shows it)");
        }
    }
}

static rt_status add_path(cJSON *paths, const char *key, const char *path)
{
    if (cJSON_AddStringToObject(paths, key, path) != NULL) return RT_OK;
    return rt_fail(RT_ERROR_MEMORY, "out of memory for the path '%s'", path);
}

static rt_status list_paths(rt_command *command, const char *run, const char *store)
{
    static const char *const names[] = {"model.safetensors", "checkpoint.safetensors",
                                        "metrics.csv", "config.yaml"};
    static const char *const keys[] = {"model", "checkpoint", "metrics", "config"};
    cJSON *paths = cJSON_CreateObject();
    RT_TRY(rt_command_result_item(command, "paths", paths));
    for (size_t i = 0; i < RT_COUNT(names); i++) {
        const char *path = rt_path_join(&command->arena, run, names[i]);
        if (path == NULL) return RT_ERROR_MEMORY;
        if (rt_file_exists(path)) RT_TRY(add_path(paths, keys[i], path));
    }
    if (store != NULL) RT_TRY(add_path(paths, "store", store));
    if (!command->json) print_object("paths", paths);
    return RT_OK;
}

rt_status rt_inspect_run(rt_command *command, const char *path, const rt_inspect_options *options)
{
    cJSON *summary, *metrics = cJSON_CreateObject();
    const char *store;
    RT_TRY(rt_command_result_item(command, "metrics", metrics));
    RT_TRY(read_metrics(command, path, metrics));
    RT_TRY(rt_run_summary_read(path, &summary));
    RT_TRY(rt_command_result_item(command, "summary", summary));
    RT_TRY(find_store(command, path, summary, &store));
    if (!command->json) {
        char text[256];
        rt_text_escape(text, sizeof text, path);
        printf("run '%s'%s\n", text, summary->child == NULL ? " (not complete)" : "");
        print_object("summary", summary);
        print_object("last metrics", metrics);
    }
    RT_TRY(list_paths(command, path, store));
    const bool wants_store = options->png != NULL || options->pictures != NULL ||
                             options->npy != NULL || options->model != NULL || options->verify;
    if (!wants_store) return RT_OK;
    if (store == NULL) return rt_fail(RT_ERROR_INPUT, "the run '%s' has no store", path);
    return rt_inspect_store(command, store, options);
}
