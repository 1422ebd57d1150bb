#include "common/cli/inspect.h"

#include "common/base/escape.h"
#include "common/formats/safetensors.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
    const size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* PyTorch's batch norms keep these beside what is trained. */
static bool is_statistic(const char *name)
{
    return ends_with(name, "running_mean") || ends_with(name, "running_var") ||
           ends_with(name, "num_batches_tracked");
}

static uint64_t count_parameters(const rt_safetensors *file)
{
    uint64_t parameters = 0;
    for (size_t i = 0; i < file->entry_count; i++) {
        if (!is_statistic(file->entries[i].name)) parameters += file->entries[i].count;
    }
    return parameters;
}

/* NULL when memory runs out, as cJSON has it. */
static cJSON *describe_metadata(const rt_safetensors *file)
{
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; object != NULL && i < file->metadata_count; i++) {
        const rt_safetensors_metadata_entry *entry = &file->metadata[i];
        if (cJSON_AddStringToObject(object, entry->key, entry->value) == NULL) {
            cJSON_Delete(object);
            return NULL;
        }
    }
    return object;
}

static bool fill_tensor(cJSON *object, const rt_safetensors_entry *entry)
{
    if (cJSON_AddStringToObject(object, "name", entry->name) == NULL) return false;
    const char *type = rt_safetensors_type_name(entry->type);
    if (cJSON_AddStringToObject(object, "type", type) == NULL) return false;
    cJSON *shape = cJSON_AddArrayToObject(object, "shape");
    if (shape == NULL) return false;
    for (uint32_t i = 0; i < entry->rank; i++) {
        if (!cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)entry->shape[i]))) return false;
    }
    return true;
}

static cJSON *describe_tensors(const rt_safetensors *file)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; array != NULL && i < file->entry_count; i++) {
        cJSON *object = cJSON_CreateObject();
        const bool added = object != NULL && cJSON_AddItemToArray(array, object);
        if (!added) cJSON_Delete(object);
        if (!added || !fill_tensor(object, &file->entries[i])) {
            cJSON_Delete(array);
            return NULL;
        }
    }
    return array;
}

static void print_model(const rt_safetensors *file, const char *path)
{
    char text[256];
    rt_text_escape(text, sizeof text, path);
    printf("model '%s'\n  parameters  %llu\n  sha256      %s\n", text,
           (unsigned long long)count_parameters(file), file->sha256);
    for (size_t i = 0; i < file->metadata_count; i++) {
        rt_text_escape(text, sizeof text, file->metadata[i].key);
        printf("  %-11s ", text);
        rt_text_escape(text, sizeof text, file->metadata[i].value);
        printf("%s\n", text);
    }
    for (size_t i = 0; i < file->entry_count; i++) {
        const rt_safetensors_entry *entry = &file->entries[i];
        rt_text_escape(text, sizeof text, entry->name);
        printf("  %-40s %-4s [", text, rt_safetensors_type_name(entry->type));
        for (uint32_t d = 0; d < entry->rank; d++) {
            printf("%s%llu", d > 0 ? "," : "", (unsigned long long)entry->shape[d]);
        }
        printf("]\n");
    }
}

static rt_status report_model(rt_command *command, const rt_safetensors *file)
{
    RT_TRY(rt_command_result_text(command, "arch", rt_safetensors_metadata(file, "arch")));
    const uint64_t parameters = count_parameters(file);
    RT_TRY(rt_command_result_number(command, "parameters", (double)parameters));
    RT_TRY(rt_command_result_text(command, "sha256", file->sha256));
    RT_TRY(rt_command_result_item(command, "metadata", describe_metadata(file)));
    return rt_command_result_item(command, "tensors", describe_tensors(file));
}

rt_status rt_inspect_model(rt_command *command, const char *path, const rt_inspect_options *options)
{
    if (options->png != NULL || options->npy != NULL) {
        return rt_fail(RT_ERROR_INPUT, "'%s' is a file: only stores and runs have images", path);
    }
    rt_status status = RT_OK;
    rt_safetensors file = {0};
    RT_TRY_DONE(rt_safetensors_open(&file, path));
    if (options->verify) RT_TRY_DONE(rt_safetensors_check_finite(&file));
    RT_TRY_DONE(report_model(command, &file));
    if (!command->json) print_model(&file, path);
done:
    rt_safetensors_close(&file);
    return status;
}
