#include "common/base/hash.h"

#include <nettle/sha2.h>
#include <stdint.h>
#include <stdio.h>

void rt_sha256(const void *data, size_t size, char text[RT_SHA256_TEXT])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct sha256_ctx hash;
    sha256_init(&hash);
    if (size > 0) sha256_update(&hash, size, data);
    sha256_digest(&hash, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(text + 2 * i, 3, "%02x", digest[i]);
}
