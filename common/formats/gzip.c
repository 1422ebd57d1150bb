#include "common/formats/gzip.h"

#include <assert.h>
#include <zlib.h>

bool rt_gzip_recognise(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    return size >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B;
}

static voidpf allocate(voidpf unused, uInt count, uInt size)
{
    (void)unused;
    return rt_alloc(count, size);
}

static void release(voidpf unused, voidpf memory)
{
    (void)unused;
    rt_free(memory);
}

static rt_status fail_size(const char *name, uint64_t limit)
{
    return rt_fail(RT_ERROR_INPUT,
                   "'%s' unpacks to more than %llu bytes; if that is meant, unpack it with gunzip",
                   name, (unsigned long long)limit);
}

/* Runs the stream to its end. */
static rt_status inflate_all(z_stream *stream, rt_buffer *bytes, const char *name, uint64_t limit)
{
    enum { STEP = 1 << 20 };
    int result = Z_OK;
    while (result == Z_OK) {
        if (bytes->size > limit) return fail_size(name, limit);
        if (bytes->capacity - bytes->size < STEP + 1)
            RT_TRY(rt_buffer_reserve(bytes, bytes->capacity * 2 + STEP + 1));
        stream->next_out = bytes->data + bytes->size;
        stream->avail_out = STEP;
        result = inflate(stream, Z_NO_FLUSH);
        bytes->size += STEP - stream->avail_out;
    }
    if (result == Z_MEM_ERROR)
        return rt_fail(RT_ERROR_MEMORY, "out of memory while unpacking '%s'", name);
    if (result == Z_BUF_ERROR)
        return rt_fail(RT_ERROR_INPUT, "'%s' is truncated; fetch it again", name);
    if (result != Z_STREAM_END)
        return rt_fail(RT_ERROR_INPUT, "'%s' is a damaged gzip file (%s); fetch it again", name,
                       stream->msg != NULL ? stream->msg : "no detail");
    if (stream->avail_in > 0)
        return rt_fail(RT_ERROR_INPUT, "%u bytes follow the end of gzip file '%s'",
                       stream->avail_in, name);
    if (bytes->size > limit) return fail_size(name, limit);
    bytes->data[bytes->size] = 0;
    return RT_OK;
}

rt_status rt_gzip_decode(rt_buffer *bytes, const char *name, const void *data, size_t size,
                         uint64_t limit)
{
    enum { GZIP_ONLY = 16 };
    assert(bytes->size == 0);
    z_stream stream = {
        .next_in = (Bytef *)data, .avail_in = (uInt)size, .zalloc = allocate, .zfree = release};
    if (size != (uInt)size) return rt_fail(RT_ERROR_INPUT, "'%s' is larger than 4 GiB", name);
    if (inflateInit2(&stream, MAX_WBITS + GZIP_ONLY) != Z_OK)
        return rt_fail(RT_ERROR_MEMORY, "out of memory while unpacking '%s'", name);
    const rt_status status = inflate_all(&stream, bytes, name, limit);
    inflateEnd(&stream);
    if (status != RT_OK) rt_buffer_clear(bytes);
    return status;
}
