#include "common/formats/weights.h"

#include "common/base/io.h"
#include "common/formats/pytorch_checkpoint.h"
#include "common/formats/safetensors_header.h"
#include "common/formats/safetensors_shards.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Larger than any model that fits into memory here; only keeps a sparse file from being read. */
static const uint64_t LARGEST_FILE = 1ull << 36;

const char *rt_weights_format_name(rt_weights_format format)
{
    static const char *const names[] = {
        [RT_WEIGHTS_SAFETENSORS] = "safetensors",
        [RT_WEIGHTS_SHARDS] = "safetensors in several files",
        [RT_WEIGHTS_PYTORCH_ZIP] = "PyTorch checkpoint (zip)",
        [RT_WEIGHTS_PYTORCH_LEGACY] = "PyTorch checkpoint (legacy)",
        [RT_WEIGHTS_ONNX] = "ONNX",
    };
    return names[format];
}

rt_status rt_weights_add(rt_weights *weights, const rt_weights_entry *entry)
{
    const size_t length = strlen(entry->name);
    if (length < 1 || length > RT_SAFETENSORS_MAX_NAME)
        return rt_fail(RT_ERROR_INPUT, "a tensor's name has %zu bytes, allowed are 1 to %d", length,
                       RT_SAFETENSORS_MAX_NAME);
    if (weights->entry_count >= RT_SAFETENSORS_MAX_TENSORS)
        return rt_fail(RT_ERROR_INPUT, "more than %d tensors", RT_SAFETENSORS_MAX_TENSORS);
    if (weights->entry_count == weights->capacity) {
        const size_t larger = weights->capacity == 0 ? 64 : 2 * weights->capacity;
        void *grown = rt_realloc(weights->entries, larger, sizeof *weights->entries);
        if (grown == NULL) return RT_ERROR_MEMORY;
        weights->entries = grown;
        weights->capacity = larger;
    }
    weights->entries[weights->entry_count++] = *entry;
    return RT_OK;
}

/* "module." of DataParallel and "_orig_mod." of torch.compile, in either order. */
static rt_status strip_prefixes(rt_weights *weights)
{
    static const char *const prefixes[] = {"module.", "_orig_mod."};
    const char *first = weights->entry_count > 0 ? weights->entries[0].name : "";
    size_t length = 0, found;
    do {
        found = 0;
        for (size_t p = 0; p < RT_COUNT(prefixes); p++) {
            const size_t added = strlen(prefixes[p]);
            bool all = weights->entry_count > 0;
            for (size_t i = 0; i < weights->entry_count && all; i++)
                all = strncmp(weights->entries[i].name + length, prefixes[p], added) == 0 &&
                      weights->entries[i].name[length + added] != '\0';
            if (all) found = added;
        }
        length += found;
    } while (found > 0);
    weights->prefix = rt_arena_printf(&weights->arena, "%.*s", (int)length, first);
    if (weights->prefix == NULL) return RT_ERROR_MEMORY;
    for (size_t i = 0; i < weights->entry_count; i++) weights->entries[i].name += length;
    return RT_OK;
}

static int compare_name(const void *left, const void *right)
{
    return strcmp((*(const rt_weights_entry *const *)left)->name,
                  (*(const rt_weights_entry *const *)right)->name);
}

static rt_status sort_names(rt_weights *weights)
{
    RT_TRY(RT_ALLOC(weights->by_name, weights->entry_count));
    for (size_t i = 0; i < weights->entry_count; i++) weights->by_name[i] = &weights->entries[i];
    if (weights->entry_count > 0)
        qsort(weights->by_name, weights->entry_count, sizeof *weights->by_name, compare_name);
    for (size_t i = 1; i < weights->entry_count; i++)
        if (compare_name(&weights->by_name[i - 1], &weights->by_name[i]) == 0)
            return rt_fail(RT_ERROR_INPUT, "duplicate tensor '%s'", weights->by_name[i]->name);
    return RT_OK;
}

static rt_status hash_values(rt_sha256_stream *stream, const rt_weights_entry *entry)
{
    const uint32_t rank = entry->rank;
    float *values;
    RT_TRY(RT_ALLOC(values, entry->count));
    const rt_status status = rt_weights_floats(entry, values);
    if (status == RT_OK) {
        rt_sha256_add(stream, entry->name, strlen(entry->name) + 1);
        rt_sha256_add(stream, &rank, sizeof rank);
        rt_sha256_add(stream, entry->shape, rank * sizeof *entry->shape);
        rt_sha256_add(stream, values, entry->count * sizeof *values);
    }
    rt_free(values);
    return status;
}

/* The hash of weights.h, of a file that carries none of its own. */
static rt_status hash_entries(rt_weights *weights)
{
    rt_sha256_stream stream;
    rt_sha256_begin(&stream);
    for (size_t i = 0; i < weights->entry_count; i++)
        RT_TRY(hash_values(&stream, weights->by_name[i]));
    rt_sha256_end(&stream, weights->sha256);
    return RT_OK;
}

static rt_status read_safetensors(rt_weights *weights, const char *name)
{
    RT_TRY(RT_ALLOC(weights->parts, 1));
    weights->part_count = 1;
    RT_TRY(rt_safetensors_take(weights->parts, name, &weights->bytes));
    memcpy(weights->sha256, weights->parts->sha256, sizeof weights->sha256);
    weights->metadata = weights->parts->metadata;
    weights->metadata_count = weights->parts->metadata_count;
    return rt_weights_add_safetensors(weights, weights->parts);
}

static bool begins_with(const rt_buffer *bytes, const void *magic, size_t size)
{
    return bytes->size >= size && memcmp(bytes->data, magic, size) == 0;
}

/* A header's length that the file can hold, and a '{' behind it. */
static bool is_safetensors(const rt_buffer *bytes)
{
    uint64_t length;
    if (bytes->size < sizeof length + 2) return false;
    memcpy(&length, bytes->data, sizeof length);
    return length <= bytes->size && bytes->data[sizeof length] == '{';
}

static bool is_json(const rt_buffer *bytes)
{
    size_t at = 0;
    while (at < bytes->size && memchr(" \t\r\n", bytes->data[at], 4) != NULL) at++;
    return at < bytes->size && bytes->data[at] == '{';
}

static bool has_ending(const char *name, const char *ending)
{
    const size_t length = strlen(name), wanted = strlen(ending);
    return length >= wanted && strcmp(name + length - wanted, ending) == 0;
}

/* `folder`: whether `name` is a path, beside which other files lie. */
static rt_status read_content(rt_weights *weights, const char *name, bool folder)
{
    const rt_buffer *bytes = &weights->bytes;
    if (begins_with(bytes, "PK\3\4", 4)) {
        weights->format = RT_WEIGHTS_PYTORCH_ZIP;
        return rt_pytorch_read_zip(weights);
    }
    if (begins_with(bytes, "\x80", 1) && !is_safetensors(bytes)) {
        weights->format = RT_WEIGHTS_PYTORCH_LEGACY;
        return rt_pytorch_read_legacy(weights);
    }
    if (is_json(bytes) && !is_safetensors(bytes) && !has_ending(name, ".safetensors")) {
        weights->format = RT_WEIGHTS_SHARDS;
        return rt_safetensors_read_shards(weights, folder ? name : NULL);
    }
    weights->format = RT_WEIGHTS_SAFETENSORS;
    if (!is_safetensors(bytes) && !has_ending(name, ".safetensors"))
        return rt_fail(RT_ERROR_INPUT,
                       "this is no model that can be read: give safetensors, a checkpoint of "
                       "torch.save (.pth, .pt), ONNX, or a model.safetensors.index.json");
    return read_safetensors(weights, name);
}

static rt_status read_or_close(rt_weights *weights, const char *name, bool folder)
{
    rt_status status = read_content(weights, name, folder);
    if (status == RT_OK) status = strip_prefixes(weights);
    if (status == RT_OK) status = sort_names(weights);
    if (status == RT_OK && weights->format != RT_WEIGHTS_SAFETENSORS)
        status = hash_entries(weights);
    if (status == RT_OK) return RT_OK;
    if (weights->format != RT_WEIGHTS_SAFETENSORS || weights->part_count == 0)
        rt_error_prefix("in '%s': ", name);
    rt_weights_close(weights);
    return status;
}

rt_status rt_weights_open(rt_weights *weights, const char *path)
{
    RT_TRY(rt_file_read(&weights->bytes, path, LARGEST_FILE));
    return read_or_close(weights, path, true);
}

rt_status rt_weights_parse(rt_weights *weights, const char *name, const void *data, size_t size)
{
    RT_TRY(rt_buffer_append(&weights->bytes, data, size));
    return read_or_close(weights, name, false);
}

void rt_weights_close(rt_weights *weights)
{
    for (size_t i = 0; i < weights->part_count; i++) rt_safetensors_close(&weights->parts[i]);
    rt_free(weights->parts);
    rt_free(weights->entries);
    rt_free(weights->by_name);
    rt_buffer_clear(&weights->bytes);
    rt_arena_clear(&weights->arena);
    *weights = (rt_weights){0};
}

const rt_weights_entry *rt_weights_find(const rt_weights *weights, const char *name)
{
    const rt_weights_entry key = {.name = name}, *wanted = &key;
    if (weights->entry_count == 0) return NULL;
    const rt_weights_entry **found =
        bsearch(&wanted, weights->by_name, weights->entry_count, sizeof wanted, compare_name);
    return found != NULL ? *found : NULL;
}

const char *rt_weights_metadata(const rt_weights *weights, const char *key)
{
    for (size_t i = 0; i < weights->metadata_count; i++)
        if (strcmp(weights->metadata[i].key, key) == 0) return weights->metadata[i].value;
    return NULL;
}

static bool is_contiguous(const rt_weights_entry *entry)
{
    uint64_t expected = 1;
    for (uint32_t d = entry->rank; d-- > 0;) {
        if (entry->shape[d] > 1 && entry->stride[d] != expected) return false;
        expected *= entry->shape[d];
    }
    return true;
}

/* The elements one behind the other, from wherever the strides put them (a transposed view, say).
 * `index` counts like an odometer, so that the rank needs no recursion. */
static void gather(const rt_weights_entry *entry, uint8_t *dense)
{
    const size_t size = rt_safetensors_type_size(entry->type);
    uint64_t index[RT_SAFETENSORS_MAX_RANK] = {0}, at = 0;
    for (uint64_t i = 0; i < entry->count; i++) {
        memcpy(dense + i * size, (const uint8_t *)entry->data + at * size, size);
        for (uint32_t d = entry->rank; d-- > 0;) {
            at += entry->stride[d];
            if (++index[d] < entry->shape[d]) break;
            at -= entry->shape[d] * entry->stride[d];
            index[d] = 0;
        }
    }
}

rt_status rt_weights_floats(const rt_weights_entry *entry, float *values)
{
    rt_safetensors_entry dense = {.name = entry->name,
                                  .type = entry->type,
                                  .count = entry->count,
                                  .data = entry->data,
                                  .size = entry->count * rt_safetensors_type_size(entry->type)};
    if (is_contiguous(entry)) return rt_safetensors_floats(&dense, values);
    uint8_t *copy;
    RT_TRY(RT_ALLOC(copy, dense.size));
    gather(entry, copy);
    dense.data = copy;
    const rt_status status = rt_safetensors_floats(&dense, values);
    rt_free(copy);
    return status;
}

static rt_status check_tensor(const rt_weights_entry *entry)
{
    float *values;
    RT_TRY(RT_ALLOC(values, entry->count));
    rt_status status = rt_weights_floats(entry, values);
    for (uint64_t i = 0; i < entry->count && status == RT_OK; i++)
        if (!isfinite(values[i]))
            status = rt_fail(RT_ERROR_NUMERIC, "tensor '%s' holds %f at element %llu", entry->name,
                             (double)values[i], (unsigned long long)i);
    rt_free(values);
    return status;
}

rt_status rt_weights_check_finite(const rt_weights *weights)
{
    for (size_t i = 0; i < weights->entry_count; i++)
        if (weights->entries[i].type <= RT_SAFETENSORS_BF16)
            RT_TRY(check_tensor(&weights->entries[i]));
    return RT_OK;
}
