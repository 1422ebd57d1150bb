#ifndef RT_BASE_HASH_H
#define RT_BASE_HASH_H

#include <stddef.h>

enum { RT_SHA256_TEXT = 65 }; ///< 64 hex digits and the final 0

/** SHA-256 of `size` bytes as lower-case hex (nettle). */
void rt_sha256(const void *data, size_t size, char text[RT_SHA256_TEXT]);

#endif
