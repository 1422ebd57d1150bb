#include "common/base/hash.h"

#include <stdint.h>
#include <stdio.h>

void rt_sha256_begin(rt_sha256_stream *stream) { sha256_init(&stream->hash); }

void rt_sha256_add(rt_sha256_stream *stream, const void *data, size_t size)
{
    if (size > 0) sha256_update(&stream->hash, size, data);
}

void rt_sha256_end(rt_sha256_stream *stream, char text[RT_SHA256_TEXT])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(&stream->hash, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

void rt_sha256(const void *data, size_t size, char text[RT_SHA256_TEXT])
{
    rt_sha256_stream stream;
    rt_sha256_begin(&stream);
    rt_sha256_add(&stream, data, size);
    rt_sha256_end(&stream, text);
}
