#include "common/base/memory.h"

#include <criterion/criterion.h>
#include <string.h>

Test(base_memory, alloc_is_zeroed_and_checks_the_product)
{
    uint64_t *values = NULL;
    cr_assert_eq(RT_ALLOC(values, 1000), RT_OK);
    for (int i = 0; i < 1000; i++) cr_assert_eq(values[i], 0);
    rt_free(values);
    rt_free(NULL);
    void *empty = rt_alloc(0, 8);
    cr_assert_not_null(empty);
    rt_free(empty);
    cr_assert_null(rt_alloc(SIZE_MAX / 2, 3));
    cr_assert_not_null(strstr(rt_error_message(), "out of memory"));
    cr_assert_eq(RT_ALLOC(values, SIZE_MAX), RT_ERROR_MEMORY);
#ifndef __SANITIZE_ADDRESS__ /* which ends the program instead */
    cr_assert_null(rt_alloc(PTRDIFF_MAX / 2, 1));
    cr_assert_not_null(strstr(rt_error_message(), "out of memory for 4611686018427387903 bytes"));
    cr_assert_null(rt_realloc(NULL, PTRDIFF_MAX / 2, 1));
#endif
}

Test(base_memory, realloc_keeps_the_old_on_failure)
{
    char *text = rt_strdup("abc");
    cr_assert_null(rt_realloc(text, SIZE_MAX / 2, 3));
    cr_assert_str_eq(text, "abc");
    text = rt_realloc(text, 100, 10);
    cr_assert_str_eq(text, "abc");
    rt_free(text);
}

Test(base_memory, fail_at_counts_from_now)
{
    const uint64_t before = rt_alloc_count();
    rt_free(rt_alloc(1, 1));
    cr_assert_eq(rt_alloc_count(), before + 1);
    rt_alloc_fail_at(2, false);
    for (int i = 1; i <= 4; i++) {
        void *pointer = rt_alloc(1, 1);
        cr_assert_eq(pointer == NULL, i == 2);
        rt_free(pointer);
    }
    rt_alloc_fail_at(2, true);
    for (int i = 1; i <= 4; i++) {
        void *pointer = rt_alloc(1, 1);
        cr_assert_eq(pointer == NULL, i >= 2);
        rt_free(pointer);
    }
    rt_alloc_fail_at(0, true);
    void *pointer = rt_alloc(1, 1);
    cr_assert_not_null(pointer);
    rt_free(pointer);
}

Test(base_memory, arena_pieces_do_not_overlap)
{
    rt_arena arena = {0};
    unsigned char *pieces[400];
    for (size_t i = 0; i < RT_COUNT(pieces); i++) {
        const size_t size = i % 50 == 0 ? 40000 : i; /* small ones, and some beyond a block */
        pieces[i] = rt_arena_alloc(&arena, 1, size);
        cr_assert_eq((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < size; j++) cr_assert_eq(pieces[i][j], 0);
        memset(pieces[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < RT_COUNT(pieces); i++)
        for (size_t j = 0; j < (i % 50 == 0 ? 40000 : i); j++) cr_assert_eq(pieces[i][j], i % 251);
    cr_assert_str_eq(rt_arena_strdup(&arena, "text"), "text");
    cr_assert_str_eq(rt_arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    cr_assert_null(rt_arena_alloc(&arena, SIZE_MAX / 2, 3));
    cr_assert_null(rt_arena_alloc(&arena, SIZE_MAX - 3, 1));
    rt_arena_clear(&arena);
    cr_assert_null(arena.blocks);
    cr_assert_not_null(rt_arena_alloc(&arena, 1, 1));
    rt_arena_clear(&arena);
}

Test(base_memory, arena_uses_few_allocations)
{
    rt_arena arena = {0};
    const uint64_t before = rt_alloc_count();
    for (int i = 0; i < 1000; i++) {
        cr_assert_not_null(rt_arena_alloc(&arena, 1, 16));
        if (i % 100 == 0) cr_assert_not_null(rt_arena_alloc(&arena, 1, 100000));
    }
    cr_assert_leq(rt_alloc_count() - before, 12); /* 16,000 bytes of small ones: one block or two */
    rt_arena_clear(&arena);
}

Test(base_memory, buffer_grows)
{
    rt_buffer buffer = {0};
    for (int i = 0; i < 10000; i++) cr_assert_eq(rt_buffer_printf(&buffer, "%d,", i % 10), RT_OK);
    cr_assert_eq(buffer.size, 20000);
    cr_assert_eq(strlen((char *)buffer.data), 20000);
    cr_assert_eq(rt_buffer_append(&buffer, "a\0b", 3), RT_OK);
    cr_assert_eq(rt_buffer_append(&buffer, NULL, 0), RT_OK);
    cr_assert_eq(buffer.size, 20003);
    cr_assert_eq(memcmp(buffer.data + 19998, "9,a\0b", 6), 0); /* and the final 0 */
    cr_assert_leq(buffer.capacity, 40000);
    rt_buffer_clear(&buffer);
    cr_assert_eq(rt_buffer_reserve(&buffer, 10), RT_OK);
    cr_assert_eq(buffer.capacity, 10);
    rt_alloc_fail_at(1, false);
    cr_assert_eq(rt_buffer_append(&buffer, "0123456789", 10), RT_ERROR_MEMORY);
    cr_assert_eq(buffer.size, 0);
    cr_assert_eq(rt_buffer_append(&buffer, "0123456789", 10), RT_OK);
    rt_buffer_clear(&buffer);
    cr_assert_null(buffer.data);
}
