#include "common/formats/npy.h"

#include "common/base/io.h"

#include <string.h>

enum { MAGIC_SIZE = 10, ALIGNMENT = 64 }; /* the format aligns the data to 64 bytes */

static rt_status make_head(rt_buffer *head, const char *type, const uint64_t *shape, uint32_t rank)
{
    /* The two bytes of the length are filled in below. */
    RT_TRY(rt_buffer_append(head, "\x93NUMPY\x01\x00\x00\x00", MAGIC_SIZE));
    RT_TRY(rt_buffer_printf(head, "{'descr': '%s', 'fortran_order': False, 'shape': (", type));
    for (uint32_t i = 0; i < rank; i++) {
        RT_TRY(rt_buffer_printf(head, "%llu, ", (unsigned long long)shape[i]));
    }
    RT_TRY(rt_buffer_printf(head, "), }"));
    while ((head->size + 1) % ALIGNMENT != 0) RT_TRY(rt_buffer_append(head, " ", 1));
    RT_TRY(rt_buffer_append(head, "\n", 1));
    const size_t length = head->size - MAGIC_SIZE;
    head->data[8] = (uint8_t)(length & 0xff);
    head->data[9] = (uint8_t)(length >> 8);
    return RT_OK;
}

rt_status rt_npy_begin(rt_npy_writer *writer, const char *path, const char *type,
                       const uint64_t *shape, uint32_t rank)
{
    rt_status status = RT_OK;
    rt_buffer head = {0};
    writer->path = rt_arena_strdup(&writer->arena, path);
    char *temporary = rt_arena_printf(&writer->arena, "%s.tmp", path);
    if (writer->path == NULL || temporary == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_file_remove(temporary));
    writer->temporary = temporary;
    RT_TRY_DONE(make_head(&head, type, shape, rank));
    writer->expected = (uint64_t)(type[2] - '0');
    for (uint32_t i = 0; i < rank; i++) writer->expected *= shape[i];
    writer->expected += head.size;
    writer->size = 0;
    RT_TRY_DONE(rt_npy_append(writer, head.data, head.size));
done:
    rt_buffer_clear(&head);
    return status;
}

rt_status rt_npy_append(rt_npy_writer *writer, const void *data, size_t size_bytes)
{
    RT_TRY(rt_file_append(writer->temporary, data, size_bytes));
    writer->size += size_bytes;
    return RT_OK;
}

rt_status rt_npy_end(rt_npy_writer *writer)
{
    if (writer->size != writer->expected) {
        return rt_fail(RT_ERROR_INTERNAL, "'%s' got %llu bytes, not %llu", writer->path,
                       (unsigned long long)writer->size, (unsigned long long)writer->expected);
    }
    RT_TRY(rt_file_truncate(writer->temporary, writer->size)); /* which syncs it */
    RT_TRY(rt_file_rename(writer->temporary, writer->path));
    writer->temporary = NULL;
    return RT_OK;
}

void rt_npy_clear(rt_npy_writer *writer)
{
    /* The error that led here has been worded already, and a left-over .tmp does no harm. */
    if (writer->temporary != NULL) (void)!rt_file_remove(writer->temporary);
    rt_arena_clear(&writer->arena);
    *writer = (rt_npy_writer){0};
}
