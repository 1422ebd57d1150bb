#include "common/base/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

rt_status rt_buffer_reserve(rt_buffer *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity) return RT_OK;
    uint8_t *data = rt_realloc(buffer->data, capacity, 1);
    if (data == NULL) return RT_ERROR_MEMORY;
    buffer->data = data;
    buffer->capacity = capacity;
    return RT_OK;
}

/* Room for `size` more bytes and a final 0. Grows by half at least: appends stay linear in all. */
static rt_status grow(rt_buffer *buffer, size_t size)
{
    size_t needed;
    if (__builtin_add_overflow(buffer->size, size, &needed) ||
        __builtin_add_overflow(needed, 1, &needed))
        return rt_fail(RT_ERROR_MEMORY, "out of memory for %zu bytes more", size);
    if (needed <= buffer->capacity) return RT_OK;
    const size_t half_more = buffer->capacity + buffer->capacity / 2;
    return rt_buffer_reserve(buffer, needed > half_more ? needed : half_more);
}

rt_status rt_buffer_append(rt_buffer *buffer, const void *data, size_t size)
{
    RT_TRY(grow(buffer, size));
    if (size > 0) memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = 0;
    return RT_OK;
}

rt_status rt_buffer_printf(rt_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    RT_TRY(grow(buffer, (size_t)length));
    va_start(arguments, format);
    vsnprintf((char *)buffer->data + buffer->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
    return RT_OK;
}

void rt_buffer_clear(rt_buffer *buffer)
{
    rt_free(buffer->data);
    *buffer = (rt_buffer){0};
}
