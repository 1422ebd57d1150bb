#include "common/formats/safetensors_shards.h"

#include "common/base/io.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { MAXIMUM_INDEX = 4 << 20, MAXIMUM_FILES = 1024, MAXIMUM_NAME = 255, MAXIMUM_KEYS = 1024 };

rt_status rt_weights_add_safetensors(rt_weights *weights, const rt_safetensors *file)
{
    for (size_t i = 0; i < file->entry_count; i++) {
        const rt_safetensors_entry *from = &file->entries[i];
        rt_weights_entry entry = {.name = from->name,
                                  .type = from->type,
                                  .rank = from->rank,
                                  .count = from->count,
                                  .data = from->data};
        uint64_t stride = 1;
        for (uint32_t d = from->rank; d-- > 0; stride *= from->shape[d]) {
            entry.shape[d] = from->shape[d];
            entry.stride[d] = stride;
        }
        RT_TRY(rt_weights_add(weights, &entry));
    }
    return RT_OK;
}

/* One line of the map. */
typedef struct placed {
    const char *tensor, *file;
} placed;

static int compare_file(const void *left, const void *right)
{
    const placed *a = left, *b = right;
    const int files = strcmp(a->file, b->file);
    return files != 0 ? files : strcmp(a->tensor, b->tensor);
}

static rt_status check_file_name(const char *name)
{
    const size_t length = strlen(name), ending = strlen(".safetensors");
    if (length <= ending || length > MAXIMUM_NAME || strchr(name, '/') != NULL || name[0] == '.' ||
        strcmp(name + length - ending, ".safetensors") != 0)
        return rt_fail(RT_ERROR_INPUT,
                       "the index names the file '%s'; it must be one of its own folder that ends "
                       "in .safetensors",
                       name);
    return RT_OK;
}

static rt_status read_map(const cJSON *map, placed *lines, size_t count)
{
    size_t i = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, map)
    {
        if (!cJSON_IsString(item))
            return rt_fail(RT_ERROR_INPUT, "'weight_map' says no file for tensor '%s'",
                           item->string);
        RT_TRY(check_file_name(item->valuestring));
        lines[i++] = (placed){item->string, item->valuestring};
    }
    qsort(lines, count, sizeof *lines, compare_file);
    return RT_OK;
}

/* Opens one file and compares it with its `count` lines of the map. */
static rt_status open_part(rt_weights *weights, const char *path, const placed *lines, size_t count)
{
    const char *slash = strrchr(path, '/');
    const int folder = slash != NULL ? (int)(slash - path) + 1 : 0;
    const char *name = rt_arena_printf(&weights->arena, "%.*s%s", folder, path, lines->file);
    if (name == NULL) return RT_ERROR_MEMORY;
    rt_safetensors *part = &weights->parts[weights->part_count];
    RT_TRY(rt_safetensors_open(part, name));
    weights->part_count++;
    for (size_t i = 0; i < count; i++)
        if (rt_safetensors_find(part, lines[i].tensor) == NULL)
            return rt_fail(RT_ERROR_INPUT,
                           "tensor '%s' is not in '%s', where the index puts it (or stands twice "
                           "in the index)",
                           lines[i].tensor, lines->file);
    if (part->entry_count != count)
        return rt_fail(RT_ERROR_INPUT, "'%s' has %zu tensors, the index knows %zu of it",
                       lines->file, part->entry_count, count);
    return rt_weights_add_safetensors(weights, part);
}

static rt_status open_parts(rt_weights *weights, const char *path, const placed *lines,
                            size_t count)
{
    size_t files = 0;
    for (size_t i = 0; i < count; i++)
        files += i == 0 || strcmp(lines[i].file, lines[i - 1].file) != 0;
    if (files > MAXIMUM_FILES) return rt_fail(RT_ERROR_INPUT, "more than %d files", MAXIMUM_FILES);
    RT_TRY(RT_ALLOC(weights->parts, files));
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count; end++)
            if (strcmp(lines[end].file, lines[first].file) != 0) break;
        RT_TRY(open_part(weights, path, lines + first, end - first));
    }
    return RT_OK;
}

/* The strings of the index's "metadata"; its numbers (total_size) say nothing of the model. */
static rt_status read_metadata(rt_weights *weights, const cJSON *metadata)
{
    size_t count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, metadata) count += cJSON_IsString(item) != 0;
    if (count > MAXIMUM_KEYS)
        return rt_fail(RT_ERROR_INPUT, "more than %d metadata keys", MAXIMUM_KEYS);
    rt_safetensors_metadata_entry *entries =
        rt_arena_alloc(&weights->arena, count, sizeof *entries);
    if (entries == NULL) return RT_ERROR_MEMORY;
    weights->metadata = entries;
    cJSON_ArrayForEach(item, metadata)
    {
        if (!cJSON_IsString(item)) continue;
        const char *key = rt_arena_strdup(&weights->arena, item->string);
        const char *value = rt_arena_strdup(&weights->arena, item->valuestring);
        if (key == NULL || value == NULL) return RT_ERROR_MEMORY;
        if (rt_weights_metadata(weights, key) != NULL)
            return rt_fail(RT_ERROR_INPUT, "duplicate metadata key '%s'", key);
        entries[weights->metadata_count++] = (rt_safetensors_metadata_entry){key, value};
    }
    return RT_OK;
}

static rt_status read_index(rt_weights *weights, const char *path, const cJSON *index)
{
    rt_status status = RT_OK;
    placed *lines = NULL;
    const cJSON *map = cJSON_GetObjectItemCaseSensitive(index, "weight_map");
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(index, "metadata");
    if (!cJSON_IsObject(map) || map->child == NULL)
        return rt_fail(RT_ERROR_INPUT, "this JSON is no index of safetensors files: it has no "
                                       "'weight_map'; give a model file");
    const size_t count = (size_t)cJSON_GetArraySize(map);
    RT_TRY(RT_ALLOC(lines, count));
    RT_TRY_DONE(read_map(map, lines, count));
    RT_TRY_DONE(open_parts(weights, path, lines, count));
    if (cJSON_IsObject(metadata)) RT_TRY_DONE(read_metadata(weights, metadata));
done:
    rt_free(lines);
    return status;
}

rt_status rt_safetensors_read_shards(rt_weights *weights, const char *path)
{
    const rt_buffer *bytes = &weights->bytes;
    if (path == NULL) return rt_fail(RT_ERROR_INPUT, "an index of files must be a file itself");
    if (bytes->size > MAXIMUM_INDEX)
        return rt_fail(RT_ERROR_INPUT, "an index of %zu bytes, allowed are %d", bytes->size,
                       MAXIMUM_INDEX);
    rt_error_give(""); /* cJSON does not say why it failed, rt_alloc does */
    const char *end = NULL;
    cJSON *index = cJSON_ParseWithLengthOpts((const char *)bytes->data, bytes->size + 1, &end, 1);
    if (index == NULL) {
        if (rt_error_message()[0] != '\0') return RT_ERROR_MEMORY;
        return rt_fail(RT_ERROR_INPUT, "this is no valid JSON");
    }
    const rt_status status = read_index(weights, path, index);
    cJSON_Delete(index);
    return status;
}
