#include "common/base/io.h"
#include "common/formats/safetensors_header.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more item; capacities double. */
static rt_status grow(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return RT_OK;
    const size_t larger = *capacity == 0 ? 16 : 2 * *capacity;
    void *grown = rt_realloc(*items, larger, size);
    if (grown == NULL) return RT_ERROR_MEMORY;
    *items = grown;
    *capacity = larger;
    return RT_OK;
}

rt_status rt_safetensors_add(rt_safetensors_writer *writer, const char *name,
                             rt_safetensors_type type, uint32_t rank, const uint64_t *shape,
                             const void *data)
{
    const size_t length = strlen(name);
    if (length < 1 || length > RT_SAFETENSORS_MAX_NAME || rank > RT_SAFETENSORS_MAX_RANK ||
        strcmp(name, "__metadata__") == 0 || writer->entry_count >= RT_SAFETENSORS_MAX_TENSORS)
        return rt_fail(RT_ERROR_INTERNAL, "tensor '%.99s' of rank %u cannot be in a file", name,
                       rank);
    rt_safetensors_entry entry = {.type = type, .rank = rank, .count = 1, .data = data};
    for (uint32_t i = 0; i < rank; i++) {
        entry.shape[i] = shape[i];
        if (__builtin_mul_overflow(entry.count, shape[i], &entry.count)) entry.count = 0;
    }
    if (entry.count == 0 ||
        __builtin_mul_overflow(entry.count, rt_safetensors_type_size(type), &entry.size))
        return rt_fail(RT_ERROR_INTERNAL, "tensor '%s' has a shape that cannot be in a file", name);
    entry.name = rt_arena_strdup(&writer->arena, name);
    if (entry.name == NULL) return RT_ERROR_MEMORY;
    RT_TRY(grow((void **)&writer->entries, writer->entry_count, &writer->entry_capacity,
                sizeof entry));
    writer->entries[writer->entry_count++] = entry;
    return RT_OK;
}

rt_status rt_safetensors_add_metadata(rt_safetensors_writer *writer, const char *key,
                                      const char *value)
{
    const rt_safetensors_metadata_entry entry = {rt_arena_strdup(&writer->arena, key),
                                                 rt_arena_strdup(&writer->arena, value)};
    if (entry.key == NULL || entry.value == NULL) return RT_ERROR_MEMORY;
    RT_TRY(grow((void **)&writer->metadata, writer->metadata_count, &writer->metadata_capacity,
                sizeof entry));
    writer->metadata[writer->metadata_count++] = entry;
    return RT_OK;
}

/* Wide types first, so that every tensor is aligned; names decide among equals. */
static int compare_place(const void *left, const void *right)
{
    const rt_safetensors_entry *a = left, *b = right;
    const size_t a_width = rt_safetensors_type_size(a->type);
    const size_t b_width = rt_safetensors_type_size(b->type);
    if (a_width != b_width) return a_width > b_width ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int compare_key(const void *left, const void *right)
{
    return strcmp(((const rt_safetensors_metadata_entry *)left)->key,
                  ((const rt_safetensors_metadata_entry *)right)->key);
}

/* A JSON string with its quotes. */
static rt_status append_string(rt_buffer *bytes, const char *text)
{
    RT_TRY(rt_buffer_append(bytes, "\"", 1));
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            RT_TRY(rt_buffer_printf(bytes, "\\%c", *text));
        else if ((unsigned char)*text < 0x20)
            RT_TRY(rt_buffer_printf(bytes, "\\u%04x", (unsigned)*text));
        else
            RT_TRY(rt_buffer_append(bytes, text, 1));
    }
    return rt_buffer_append(bytes, "\"", 1);
}

static rt_status append_entry(rt_buffer *bytes, const rt_safetensors_entry *entry, uint64_t begin)
{
    RT_TRY(append_string(bytes, entry->name));
    RT_TRY(rt_buffer_printf(bytes, ":{\"dtype\":\"%s\",\"shape\":[",
                            rt_safetensors_type_name(entry->type)));
    for (uint32_t i = 0; i < entry->rank; i++)
        RT_TRY(rt_buffer_printf(bytes, i == 0 ? "%llu" : ",%llu",
                                (unsigned long long)entry->shape[i]));
    return rt_buffer_printf(bytes, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)begin,
                            (unsigned long long)(begin + entry->size));
}

/* The header's text, padded; bytes[0..7] are left for its size. */
static rt_status append_header(rt_buffer *bytes, const rt_safetensors_entry *entries,
                               size_t entry_count, const rt_safetensors_metadata_entry *metadata,
                               size_t metadata_count)
{
    const uint64_t placeholder = 0;
    RT_TRY(rt_buffer_append(bytes, &placeholder, sizeof placeholder));
    RT_TRY(rt_buffer_printf(bytes, "{\"__metadata__\":{"));
    for (size_t i = 0; i < metadata_count; i++) {
        if (i > 0) RT_TRY(rt_buffer_append(bytes, ",", 1));
        RT_TRY(append_string(bytes, metadata[i].key));
        RT_TRY(rt_buffer_append(bytes, ":", 1));
        RT_TRY(append_string(bytes, metadata[i].value));
    }
    RT_TRY(rt_buffer_append(bytes, "}", 1));
    uint64_t begin = 0;
    for (size_t i = 0; i < entry_count; i++) {
        RT_TRY(rt_buffer_append(bytes, ",", 1));
        RT_TRY(append_entry(bytes, &entries[i], begin));
        begin += entries[i].size;
    }
    RT_TRY(rt_buffer_append(bytes, "}", 1));
    while (bytes->size % 8 != 0) RT_TRY(rt_buffer_append(bytes, " ", 1));
    const uint64_t header_size = bytes->size - sizeof header_size;
    if (header_size > RT_SAFETENSORS_MAX_HEADER)
        return rt_fail(RT_ERROR_INTERNAL, "header of %llu bytes is larger than readers accept",
                       (unsigned long long)header_size);
    memcpy(bytes->data, &header_size, sizeof header_size);
    return RT_OK;
}

static rt_status check_unique(const rt_safetensors_entry *entries, size_t entry_count,
                              const rt_safetensors_metadata_entry *metadata, size_t metadata_count)
{
    for (size_t i = 1; i < entry_count; i++)
        if (strcmp(entries[i - 1].name, entries[i].name) == 0)
            return rt_fail(RT_ERROR_INTERNAL, "tensor '%s' was added twice", entries[i].name);
    for (size_t i = 1; i < metadata_count; i++)
        if (strcmp(metadata[i - 1].key, metadata[i].key) == 0)
            return rt_fail(RT_ERROR_INTERNAL, "metadata '%s' was added twice", metadata[i].key);
    return RT_OK;
}

static int compare_name(const void *left, const void *right)
{
    return strcmp(((const rt_safetensors_entry *)left)->name,
                  ((const rt_safetensors_entry *)right)->name);
}

rt_status rt_safetensors_encode(const rt_safetensors_writer *writer, rt_buffer *bytes,
                                char sha256[RT_SHA256_TEXT])
{
    /* Twice as large in memory for a moment; models are small beside what trains them. */
    rt_status status = RT_OK;
    rt_buffer data = {0};
    rt_safetensors_entry *entries = NULL;
    rt_safetensors_metadata_entry *metadata = NULL;
    char hash[RT_SHA256_TEXT];
    const size_t entry_count = writer->entry_count, metadata_count = writer->metadata_count + 1;
    RT_TRY_DONE(RT_ALLOC(entries, entry_count));
    RT_TRY_DONE(RT_ALLOC(metadata, metadata_count));
    if (entry_count > 0) {
        memcpy(entries, writer->entries, entry_count * sizeof *entries);
        qsort(entries, entry_count, sizeof *entries, compare_name);
    }
    if (metadata_count > 1)
        memcpy(metadata, writer->metadata, (metadata_count - 1) * sizeof *metadata);
    metadata[metadata_count - 1] = (rt_safetensors_metadata_entry){"sha256", hash};
    qsort(metadata, metadata_count, sizeof *metadata, compare_key);
    RT_TRY_DONE(check_unique(entries, entry_count, metadata, metadata_count));
    if (entry_count > 0) qsort(entries, entry_count, sizeof *entries, compare_place);
    for (size_t i = 0; i < entry_count; i++)
        RT_TRY_DONE(rt_buffer_append(&data, entries[i].data, entries[i].size));
    rt_sha256(data.data, data.size, hash);
    RT_TRY_DONE(append_header(bytes, entries, entry_count, metadata, metadata_count));
    RT_TRY_DONE(rt_buffer_append(bytes, data.data, data.size));
    if (sha256 != NULL) memcpy(sha256, hash, sizeof hash);
done:
    rt_buffer_clear(&data);
    rt_free(entries);
    rt_free(metadata);
    if (status != RT_OK) rt_buffer_clear(bytes);
    return status;
}

rt_status rt_safetensors_write(const rt_safetensors_writer *writer, const char *path,
                               char sha256[RT_SHA256_TEXT])
{
    rt_status status = RT_OK;
    rt_buffer bytes = {0};
    RT_TRY_DONE(rt_safetensors_encode(writer, &bytes, sha256));
    RT_TRY_DONE(rt_file_replace(path, bytes.data, bytes.size));
done:
    rt_buffer_clear(&bytes);
    return status;
}

void rt_safetensors_writer_clear(rt_safetensors_writer *writer)
{
    rt_free(writer->entries);
    rt_free(writer->metadata);
    rt_arena_clear(&writer->arena);
    *writer = (rt_safetensors_writer){0};
}
