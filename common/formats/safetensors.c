#include "common/formats/safetensors.h"

#include "common/base/io.h"
#include "common/formats/safetensors_header.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "tensors are used as they lie in the file");

/* Larger than any model that fits into memory here; only keeps a sparse file from being read. */
static const uint64_t LARGEST_FILE = 1ull << 36;

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [RT_SAFETENSORS_F64] = {"F64", 8},         [RT_SAFETENSORS_F32] = {"F32", 4},
    [RT_SAFETENSORS_F16] = {"F16", 2},         [RT_SAFETENSORS_BF16] = {"BF16", 2},
    [RT_SAFETENSORS_I64] = {"I64", 8},         [RT_SAFETENSORS_I32] = {"I32", 4},
    [RT_SAFETENSORS_I16] = {"I16", 2},         [RT_SAFETENSORS_I8] = {"I8", 1},
    [RT_SAFETENSORS_U64] = {"U64", 8},         [RT_SAFETENSORS_U32] = {"U32", 4},
    [RT_SAFETENSORS_U16] = {"U16", 2},         [RT_SAFETENSORS_U8] = {"U8", 1},
    [RT_SAFETENSORS_BOOL] = {"BOOL", 1},       [RT_SAFETENSORS_F8_E5M2] = {"F8_E5M2", 1},
    [RT_SAFETENSORS_F8_E4M3] = {"F8_E4M3", 1},
};
static_assert(RT_COUNT(types) == RT_SAFETENSORS_F8_E4M3 + 1, "a row for every type");

const char *rt_safetensors_type_name(rt_safetensors_type type) { return types[type].name; }
size_t rt_safetensors_type_size(rt_safetensors_type type) { return types[type].size; }

bool rt_safetensors_type_find(const char *name, rt_safetensors_type *type)
{
    for (size_t i = 0; i < RT_COUNT(types); i++) {
        if (strcmp(types[i].name, name) != 0) continue;
        *type = (rt_safetensors_type)i;
        return true;
    }
    return false;
}

static int compare_begin(const void *left, const void *right)
{
    const uintptr_t a = (uintptr_t)((const rt_safetensors_entry *)left)->data;
    const uintptr_t b = (uintptr_t)((const rt_safetensors_entry *)right)->data;
    return (a > b) - (a < b);
}

static int compare_name(const void *left, const void *right)
{
    return strcmp((*(const rt_safetensors_entry *const *)left)->name,
                  (*(const rt_safetensors_entry *const *)right)->name);
}

static int compare_key(const void *left, const void *right)
{
    return strcmp(((const rt_safetensors_metadata_entry *)left)->key,
                  ((const rt_safetensors_metadata_entry *)right)->key);
}

/* Tensors must follow one another from 0 to the end: no hole (where bytes could hide), no overlap.
 * Turns the offsets into pointers. */
static rt_status place_entries(rt_safetensors *file, const uint8_t *data, uint64_t size)
{
    uint64_t end = 0;
    if (file->entry_count > 0)
        qsort(file->entries, file->entry_count, sizeof *file->entries, compare_begin);
    for (size_t i = 0; i < file->entry_count; i++) {
        rt_safetensors_entry *entry = &file->entries[i];
        const uint64_t begin = (uintptr_t)entry->data;
        if (begin != end)
            return rt_fail(RT_ERROR_INPUT, "tensor '%s' %s the tensor before it", entry->name,
                           begin < end ? "overlaps" : "leaves a hole behind");
        if (entry->size > size - end)
            return rt_fail(RT_ERROR_INPUT, "tensor '%s' reaches beyond the end of the file",
                           entry->name);
        end += entry->size;
        entry->data = data + begin;
    }
    if (end != size)
        return rt_fail(RT_ERROR_INPUT, "%llu bytes follow the last tensor",
                       (unsigned long long)(size - end));
    return RT_OK;
}

static rt_status check_names(rt_safetensors *file)
{
    RT_TRY(RT_ALLOC(file->by_name, file->entry_count));
    for (size_t i = 0; i < file->entry_count; i++) file->by_name[i] = &file->entries[i];
    if (file->entry_count > 0)
        qsort(file->by_name, file->entry_count, sizeof *file->by_name, compare_name);
    for (size_t i = 1; i < file->entry_count; i++)
        if (compare_name(&file->by_name[i - 1], &file->by_name[i]) == 0)
            return rt_fail(RT_ERROR_INPUT, "duplicate tensor '%s'", file->by_name[i]->name);
    if (file->metadata_count > 0)
        qsort(file->metadata, file->metadata_count, sizeof *file->metadata, compare_key);
    for (size_t i = 1; i < file->metadata_count; i++)
        if (compare_key(&file->metadata[i - 1], &file->metadata[i]) == 0)
            return rt_fail(RT_ERROR_INPUT, "duplicate metadata key '%s'", file->metadata[i].key);
    return RT_OK;
}

/* The whole file lies in file->bytes. */
static rt_status parse(rt_safetensors *file)
{
    const uint8_t *bytes = file->bytes.data;
    const size_t size = file->bytes.size;
    uint64_t header_size;
    if (size < sizeof header_size)
        return rt_fail(RT_ERROR_INPUT, "file has %zu bytes, too few for a header", size);
    memcpy(&header_size, bytes, sizeof header_size);
    if (header_size < 2 || header_size > RT_SAFETENSORS_MAX_HEADER)
        return rt_fail(RT_ERROR_INPUT, "header of %llu bytes, allowed are 2 to %d",
                       (unsigned long long)header_size, RT_SAFETENSORS_MAX_HEADER);
    if (header_size > size - sizeof header_size)
        return rt_fail(RT_ERROR_INPUT, "file ends within its header: it is truncated");
    RT_TRY(
        rt_safetensors_parse_header(file, (const char *)bytes + sizeof header_size, header_size));
    const uint8_t *data = bytes + sizeof header_size + header_size;
    const uint64_t data_size = size - sizeof header_size - header_size;
    RT_TRY(place_entries(file, data, data_size));
    RT_TRY(check_names(file));
    rt_sha256(data, data_size, file->sha256);
    const char *expected = rt_safetensors_metadata(file, "sha256");
    if (expected != NULL && strcmp(expected, file->sha256) != 0)
        return rt_fail(RT_ERROR_INPUT, "data does not have the sha256 of the header: the file is "
                                       "damaged, restore it from a copy");
    return RT_OK;
}

static rt_status parse_or_close(rt_safetensors *file, const char *name)
{
    const rt_status status = parse(file);
    if (status == RT_OK) return RT_OK;
    rt_error_prefix("in '%s': ", name);
    rt_safetensors_close(file);
    return status;
}

rt_status rt_safetensors_open(rt_safetensors *file, const char *path)
{
    RT_TRY(rt_file_read(&file->bytes, path, LARGEST_FILE));
    return parse_or_close(file, path);
}

rt_status rt_safetensors_parse(rt_safetensors *file, const char *name, const void *data,
                               size_t size)
{
    RT_TRY(rt_buffer_append(&file->bytes, data, size));
    return parse_or_close(file, name);
}

rt_status rt_safetensors_take(rt_safetensors *file, const char *name, rt_buffer *bytes)
{
    file->bytes = *bytes;
    *bytes = (rt_buffer){0};
    return parse_or_close(file, name);
}

void rt_safetensors_close(rt_safetensors *file)
{
    rt_free(file->entries);
    rt_free(file->metadata);
    rt_free(file->by_name);
    rt_buffer_clear(&file->bytes);
    rt_arena_clear(&file->arena);
    *file = (rt_safetensors){0};
}

const rt_safetensors_entry *rt_safetensors_find(const rt_safetensors *file, const char *name)
{
    const rt_safetensors_entry key = {.name = name}, *wanted = &key;
    if (file->entry_count == 0) return NULL;
    const rt_safetensors_entry **found =
        bsearch(&wanted, file->by_name, file->entry_count, sizeof wanted, compare_name);
    return found != NULL ? *found : NULL;
}

const char *rt_safetensors_metadata(const rt_safetensors *file, const char *key)
{
    const rt_safetensors_metadata_entry wanted = {.key = key};
    if (file->metadata_count == 0) return NULL;
    const rt_safetensors_metadata_entry *found =
        bsearch(&wanted, file->metadata, file->metadata_count, sizeof *file->metadata, compare_key);
    return found != NULL ? found->value : NULL;
}
