#ifndef RT_BASE_MEMORY_H
#define RT_BASE_MEMORY_H

/**
 * Host memory. Every allocation of Retort's own goes through here, so that a test can make the k-th
 * one fail. Nothing is allocated inside a training step.
 *     float *weights;
 *     RT_TRY(RT_ALLOC(weights, count)); // zeroed; release with rt_free
 */

#include "common/base/status.h"

#include <stdint.h>

/** Zeroed memory for `count` items of `size` bytes; NULL (message set) when there is none left or
 *  the product overflows. A count of 0 gives a pointer that may be freed. */
void *rt_alloc(size_t count, size_t size);
/** Resizes like realloc (new bytes are not zeroed); NULL (message set) leaves `pointer` valid. */
void *rt_realloc(void *pointer, size_t count, size_t size);
/** Releases; NULL is fine. */
void rt_free(void *pointer);
/** A copy of `text`, or NULL (message set). Release with rt_free. */
char *rt_strdup(const char *text);

/** As a status: `RT_TRY(RT_ALLOC(pointer, count))`. */
#define RT_ALLOC(pointer, count)                                                                   \
    (((pointer) = rt_alloc((count), sizeof *(pointer))) != NULL ? RT_OK : RT_ERROR_MEMORY)

/** The `nth` allocation from now on (1 is the next) fails, once or `for_ever`; 0: none does. */
void rt_alloc_fail_at(uint64_t nth, bool for_ever);
/** How many allocations were asked for since the program began. */
uint64_t rt_alloc_count(void);

/** An arena: memory that is released all at once. `= {0}` is a valid empty one. */
typedef struct rt_arena {
    struct rt_arena_block *blocks;
} rt_arena;

/** Zeroed memory of the arena, aligned for any type; NULL (message set) when there is none. */
void *rt_arena_alloc(rt_arena *arena, size_t count, size_t size);
/** A copy of `text` in the arena. */
char *rt_arena_strdup(rt_arena *arena, const char *text);
/** printf into the arena. */
char *rt_arena_printf(rt_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Releases all; the arena is empty and usable again. */
void rt_arena_clear(rt_arena *arena);

/** A growing run of bytes. `= {0}` is a valid empty one. Append and printf keep a 0 byte behind the
 *  data (not counted), so that text may be used as a C string. */
typedef struct rt_buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
} rt_buffer;

RT_CHECKED rt_status rt_buffer_append(rt_buffer *buffer, const void *data, size_t size);
RT_CHECKED rt_status rt_buffer_reserve(rt_buffer *buffer, size_t capacity);
RT_CHECKED rt_status rt_buffer_printf(rt_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void rt_buffer_clear(rt_buffer *buffer);

#endif
