#include "common/base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_uint_fast64_t asked_for;
static atomic_uint_fast64_t fails_at; /* as a value of `asked_for`; 0: never */
static atomic_bool fails_for_ever;

/* Whether this allocation may go on; counts it. `*bytes` is at least 1, so that NULL always means
 * failure. */
static bool admit(size_t count, size_t size, size_t *bytes)
{
    const uint64_t number = atomic_fetch_add(&asked_for, 1) + 1;
    const uint64_t first = atomic_load(&fails_at);
    const bool injected =
        first != 0 && (number == first || (number > first && atomic_load(&fails_for_ever)));
    if (injected || __builtin_mul_overflow(count, size, bytes)) {
        (void)rt_fail(RT_ERROR_MEMORY,
                      "out of memory for %zu items of %zu bytes; close other programs, or make the "
                      "batch or the model smaller",
                      count, size);
        return false;
    }
    if (*bytes == 0) *bytes = 1;
    return true;
}

static void *fail_system(size_t bytes)
{
    (void)rt_fail(RT_ERROR_MEMORY,
                  "out of memory for %zu bytes; close other programs, or make the batch or the "
                  "model smaller",
                  bytes);
    return NULL;
}

void *rt_alloc(size_t count, size_t size)
{
    size_t bytes;
    if (!admit(count, size, &bytes)) return NULL;
    void *pointer = calloc(1, bytes);
    return pointer != NULL ? pointer : fail_system(bytes);
}

void *rt_realloc(void *pointer, size_t count, size_t size)
{
    size_t bytes;
    if (!admit(count, size, &bytes)) return NULL;
    void *resized = realloc(pointer, bytes);
    return resized != NULL ? resized : fail_system(bytes);
}

void rt_free(void *pointer) { free(pointer); }

char *rt_strdup(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = rt_alloc(size, 1);
    if (copy != NULL) memcpy(copy, text, size);
    return copy;
}

void rt_alloc_fail_at(uint64_t nth, bool for_ever)
{
    atomic_store(&fails_for_ever, for_ever);
    atomic_store(&fails_at, nth == 0 ? 0 : atomic_load(&asked_for) + nth);
}

uint64_t rt_alloc_count(void) { return atomic_load(&asked_for); }
