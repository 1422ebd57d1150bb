#include "tests/formats/checkpoint_maker.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Without Criterion: the fuzz targets use it too. */
static void append(rt_buffer *bytes, const void *data, size_t size)
{
    if (rt_buffer_append(bytes, data, size) != RT_OK) abort();
}

#define APPEND_LITERAL(bytes, literal) append((bytes), (literal), sizeof(literal) - 1)

static void append_number(rt_buffer *bytes, uint64_t number, size_t width)
{
    append(bytes, &number, width);
}

static uint32_t claimed(const rt_made_entry *entry)
{
    return entry->claimed_size > 0 ? entry->claimed_size : entry->size;
}

/* What the two headers of an entry share, from the version on. */
static void append_header(rt_buffer *bytes, const rt_made_entry *entry)
{
    const uint32_t sum = (uint32_t)crc32(0, entry->data, entry->size);
    append_number(bytes, 20, 2);
    append_number(bytes, entry->flags, 2);
    append_number(bytes, entry->method, 2);
    append_number(bytes, 0x21 << 16, 4); /* midnight of 1 January 1980 */
    append_number(bytes, entry->wrong_checksum ? sum ^ 1 : sum, 4);
    append_number(bytes, claimed(entry), 4);
    append_number(bytes, claimed(entry), 4);
    append_number(bytes, strlen(entry->name), 2);
    append_number(bytes, 0, 2); /* extra */
}

void rt_make_zip_entry(rt_buffer *bytes, const rt_made_entry *entry)
{
    append_number(bytes, 0x04034b50, 4);
    append_header(bytes, entry);
    append(bytes, entry->name, strlen(entry->name));
    append(bytes, entry->data, entry->size);
}

void rt_make_zip(rt_buffer *bytes, const rt_made_entry *entries, size_t count)
{
    rt_buffer directory = {0};
    const size_t begin = bytes->size;
    for (size_t i = 0; i < count; i++) {
        uint32_t at = (uint32_t)(bytes->size - begin);
        if (entries[i].nested)
            at = 30 + (uint32_t)strlen(entries[0].name); /* behind the first one's header */
        else
            rt_make_zip_entry(bytes, &entries[i]);
        append_number(&directory, 0x02014b50, 4);
        append_number(&directory, 20, 2);
        append_header(&directory, &entries[i]);
        append(&directory, (const char[10]){0}, 10); /* comment, disk, attributes */
        append_number(&directory, at, 4);
        append(&directory, entries[i].name, strlen(entries[i].name));
    }
    const uint32_t at = (uint32_t)(bytes->size - begin), size = (uint32_t)directory.size;
    append(bytes, directory.data, directory.size);
    const uint32_t end = (uint32_t)(bytes->size - begin);
    if (count > 0xffff) { /* zip64: a longer record of the end, and one that says where it is */
        append_number(bytes, 0x06064b50, 4);
        append_number(bytes, 44, 8);
        append_number(bytes, 45 << 16 | 45, 4);
        append_number(bytes, 0, 8);
        append_number(bytes, count, 8);
        append_number(bytes, count, 8);
        append_number(bytes, size, 8);
        append_number(bytes, at, 8);
        append_number(bytes, 0x07064b50, 4);
        append_number(bytes, 0, 4);
        append_number(bytes, end, 8);
        append_number(bytes, 1, 4);
    }
    const uint16_t shown = count > 0xffff ? 0xffff : (uint16_t)count;
    append_number(bytes, 0x06054b50, 4);
    append_number(bytes, 0, 4);
    append_number(bytes, shown, 2);
    append_number(bytes, shown, 2);
    append_number(bytes, size, 4);
    append_number(bytes, at, 4);
    append_number(bytes, 0, 2);
    rt_buffer_clear(&directory);
}

static void append_text(rt_buffer *bytes, const char *text)
{
    APPEND_LITERAL(bytes, "X");
    append_number(bytes, strlen(text), 4);
    append(bytes, text, strlen(text));
}

static void append_integer(rt_buffer *bytes, int64_t number)
{
    APPEND_LITERAL(bytes, "\x8a\x08");
    append(bytes, &number, 8);
}

static void append_tuple(rt_buffer *bytes, const int64_t *numbers, uint32_t count)
{
    APPEND_LITERAL(bytes, "(");
    for (uint32_t i = 0; i < count; i++) append_integer(bytes, numbers[i]);
    APPEND_LITERAL(bytes, "t");
}

static void append_tensor(rt_buffer *bytes, const rt_made_tensor *tensor, bool legacy)
{
    append_text(bytes, tensor->name);
    APPEND_LITERAL(bytes, "ctorch._utils\n_rebuild_tensor_v2\n((");
    append_text(bytes, "storage");
    APPEND_LITERAL(bytes, "ctorch\n");
    append(bytes, tensor->class_, strlen(tensor->class_));
    APPEND_LITERAL(bytes, "\n");
    append_text(bytes, tensor->key);
    append_text(bytes, "cpu");
    append_integer(bytes, tensor->elements);
    if (legacy) APPEND_LITERAL(bytes, "N");
    APPEND_LITERAL(bytes, "tQ");
    append_integer(bytes, tensor->offset);
    append_tuple(bytes, tensor->shape, tensor->rank);
    append_tuple(bytes, tensor->stride, tensor->rank);
    APPEND_LITERAL(bytes, "\x89"
                          "ccollections\nOrderedDict\n)RtR");
}

void rt_make_pickle(rt_buffer *bytes, const rt_made_tensor *tensors, size_t count, bool legacy)
{
    APPEND_LITERAL(bytes, "\x80\x02}(");
    for (size_t i = 0; i < count; i++) append_tensor(bytes, &tensors[i], legacy);
    APPEND_LITERAL(bytes, "u.");
}

void rt_make_checkpoint(rt_buffer *bytes, const rt_buffer *pickle, const void *storage,
                        uint32_t size)
{
    const rt_made_entry entries[] = {
        {.name = "archive/data.pkl", .data = pickle->data, .size = (uint32_t)pickle->size},
        {.name = "archive/byteorder", .data = "little", .size = 6},
        {.name = "archive/data/0", .data = storage, .size = size},
        {.name = "archive/version", .data = "3\n", .size = 2},
    };
    rt_make_zip(bytes, entries, RT_COUNT(entries));
}

void rt_make_legacy(rt_buffer *bytes, const rt_buffer *pickle, int keys, uint64_t elements,
                    const void *storage, size_t size)
{
    APPEND_LITERAL(bytes, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.");
    APPEND_LITERAL(bytes, "\x80\x02M\xe9\x03.");
    APPEND_LITERAL(bytes, "\x80\x02}");
    append_text(bytes, "little_endian");
    APPEND_LITERAL(bytes, "\x88s.");
    append(bytes, pickle->data, pickle->size);
    APPEND_LITERAL(bytes, "\x80\x02](");
    for (int i = 0; i < keys; i++) append_text(bytes, "0");
    APPEND_LITERAL(bytes, "e.");
    append(bytes, &elements, sizeof elements);
    append(bytes, storage, size);
}
