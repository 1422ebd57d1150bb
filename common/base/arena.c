#include "common/base/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Blocks are cut from the front. A larger request gets a block of its own behind the first one, so
 * that the rest of the first stays in use. */
enum { BLOCK_SIZE = 16384 };

struct rt_arena_block {
    struct rt_arena_block *next;
    size_t used;
    size_t size;
    max_align_t bytes[];
};

static struct rt_arena_block *add_block(rt_arena *arena, size_t bytes)
{
    const bool large = bytes > BLOCK_SIZE / 4;
    const size_t size = large ? bytes : BLOCK_SIZE;
    struct rt_arena_block *block = rt_alloc(1, sizeof *block + size);
    if (block == NULL) return NULL;
    block->size = size;
    struct rt_arena_block **place = &arena->blocks;
    if (large && arena->blocks != NULL) place = &arena->blocks->next;
    block->next = *place;
    *place = block;
    return block;
}

void *rt_arena_alloc(rt_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX - BLOCK_SIZE) {
        (void)rt_fail(RT_ERROR_MEMORY, "out of memory for %zu items of %zu bytes", count, size);
        return NULL;
    }
    const size_t alignment = _Alignof(max_align_t);
    bytes = (bytes + alignment - 1) / alignment * alignment;
    struct rt_arena_block *block = arena->blocks;
    if (block == NULL || block->size - block->used < bytes) block = add_block(arena, bytes);
    if (block == NULL) return NULL;
    void *pointer = (char *)block->bytes + block->used;
    block->used += bytes;
    return pointer;
}

char *rt_arena_strdup(rt_arena *arena, const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = rt_arena_alloc(arena, size, 1);
    if (copy != NULL) memcpy(copy, text, size);
    return copy;
}

char *rt_arena_printf(rt_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    char *text = rt_arena_alloc(arena, (size_t)length + 1, 1);
    if (text == NULL) return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

void rt_arena_clear(rt_arena *arena)
{
    struct rt_arena_block *next;
    for (struct rt_arena_block *block = arena->blocks; block != NULL; block = next) {
        next = block->next;
        rt_free(block);
    }
    arena->blocks = NULL;
}
