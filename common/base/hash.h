#ifndef RT_BASE_HASH_H
#define RT_BASE_HASH_H

#include <nettle/sha2.h>
#include <stddef.h>

enum { RT_SHA256_TEXT = 65 }; ///< 64 hex digits and the final 0

/** SHA-256 of `size` bytes as lower-case hex (nettle). */
void rt_sha256(const void *data, size_t size, char text[RT_SHA256_TEXT]);

/** The same for bytes that come in pieces: begin, add as often as needed, end. */
typedef struct rt_sha256_stream {
    struct sha256_ctx hash; ///< private
} rt_sha256_stream;
void rt_sha256_begin(rt_sha256_stream *stream);
void rt_sha256_add(rt_sha256_stream *stream, const void *data, size_t size);
void rt_sha256_end(rt_sha256_stream *stream, char text[RT_SHA256_TEXT]);

#endif
