#include "common/cli/inspect.h"

#include "common/base/escape.h"
#include "common/base/io.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { SUMMARY_LIMIT = 1 << 20, METRICS_LIMIT = 1 << 30, COLUMN_LIMIT = 256 };

/* The run's own object; an empty one while the run goes on. */
static rt_status read_summary(rt_command *command, const char *run, cJSON **summary)
{
    rt_status status = RT_OK;
    rt_buffer bytes = {0};
    const char *path = rt_path_join(&command->arena, run, "summary.json");
    if (path == NULL) return RT_ERROR_MEMORY;
    *summary = NULL;
    if (rt_file_exists(path)) {
        RT_TRY_DONE(rt_file_read(&bytes, path, SUMMARY_LIMIT));
        rt_error_give(""); /* cJSON does not say why it failed, rt_alloc does */
        *summary = cJSON_ParseWithLength((const char *)bytes.data, bytes.size);
        if (!cJSON_IsObject(*summary)) {
            const bool out_of_memory = *summary == NULL && rt_error_message()[0] != '\0';
            cJSON_Delete(*summary);
            *summary = NULL;
            status = out_of_memory
                         ? RT_ERROR_MEMORY
                         : rt_fail(RT_ERROR_INPUT,
                                   "'%s' is no JSON object; delete it and resume the run", path);
        }
    } else {
        *summary = cJSON_CreateObject();
        if (*summary == NULL) status = rt_fail(RT_ERROR_MEMORY, "out of memory for a summary");
    }
done:
    rt_buffer_clear(&bytes);
    return status;
}

/* The next field of a row of metrics.csv, whose fields hold neither quotes nor commas. */
static char *next_field(char **row)
{
    char *field = *row;
    if (field == NULL) return NULL;
    char *comma = strchr(field, ',');
    if (comma != NULL) *comma = '\0';
    *row = comma != NULL ? comma + 1 : NULL;
    return field;
}

/* Cuts the text to its first line and finds its last complete one; false if there is none. */
static bool find_rows(char *text, size_t size, char **first, char **last)
{
    char *end = memrchr(text, '\n', size); /* behind it lies at most a row under way */
    if (end == NULL) return false;
    *end = '\0';
    char *begin = strrchr(text, '\n');
    if (begin == NULL) return false; /* the names alone */
    *first = text;
    *last = begin + 1;
    *strchr(text, '\n') = '\0';
    return true;
}

static rt_status read_metrics(rt_command *command, const char *run, cJSON *metrics)
{
    rt_status status = RT_OK;
    rt_buffer bytes = {0};
    char *names, *values;
    const char *path = rt_path_join(&command->arena, run, "metrics.csv");
    if (path == NULL) return RT_ERROR_MEMORY;
    if (!rt_file_exists(path)) return RT_OK;
    RT_TRY_DONE(rt_file_read(&bytes, path, METRICS_LIMIT));
    if (!find_rows((char *)bytes.data, bytes.size, &names, &values)) goto done;
    for (int column = 0; column < COLUMN_LIMIT && names != NULL && values != NULL; column++) {
        const char *name = next_field(&names), *value = next_field(&values);
        double number;
        const cJSON *added = rt_parse_number(value, &number)
                                 ? cJSON_AddNumberToObject(metrics, name, number)
                                 : cJSON_AddStringToObject(metrics, name, value);
        if (added == NULL) {
            status = rt_fail(RT_ERROR_MEMORY, "out of memory for '%s'", path);
            goto done;
        }
    }
done:
    rt_buffer_clear(&bytes);
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
    RT_TRY(read_summary(command, path, &summary));
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
