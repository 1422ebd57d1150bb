/* Stores whose parts do not fit together, though each is whole; and what is too large for one. */
#include "datasets/index.h"
#include "tests/datasets/support.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_message(const char *message)
{
    cr_assert_not_null(strstr(rt_error_message(), message), "wanted: %s\ngot: %s", message,
                       rt_error_message());
}

static void move_shard(const char *from, uint32_t shard, const char *to, uint32_t new_number)
{
    char name[64];
    snprintf(name, sizeof name, "%s/shard-%06u.h5", from, shard);
    const char *old = rt_test_path(name);
    snprintf(name, sizeof name, "%s/shard-%06u.h5", to, new_number);
    cr_assert_eq(rename(old, rt_test_path(name)), 0);
}

Test(datasets_limits, shards_of_two_stores_of_one_description)
{
    rt_store *store;
    rt_store_reader *reader;
    rt_store_verification found;
    rt_shard shard = {0};
    const char *path = rt_test_path("a");
    static const uint32_t sizes[] = {8, 3, 8}, other_sizes[] = {5, 3, 8}, longer[] = {8, 3, 9};
    rt_test_store(path, &rt_test_description, sizes, 3);
    rt_test_store(rt_test_path("b"), &rt_test_description, other_sizes, 3);
    rt_test_store(rt_test_path("c"), &rt_test_description, longer, 3);

    move_shard("c", 2, "a", 2); /* a longer one: only the index knows */
    cr_assert_eq(rt_store_verify(path, &found), RT_ERROR_INPUT);
    expect_message("'shard-000002.h5' is not the file that");

    move_shard("b", 1, "a", 1); /* begins at sample 5, where the first ends at 8 */
    cr_assert_eq(rt_store_open(&reader, path), RT_ERROR_INPUT);
    expect_message("begins at sample 5, but the shards before it hold 8");
    cr_assert_eq(rt_store_resume(&store, path, &rt_test_description, 2, NULL), RT_ERROR_INPUT);
    expect_message("is not shard 1 of this store");

    cr_assert_eq(rt_store_open(&reader, rt_test_path("c")), RT_OK);
    move_shard("b", 0, "c", 0); /* behind the reader's back */
    cr_assert_eq(rt_store_read_shard(reader, 0, &shard), RT_ERROR_INPUT);
    expect_message("was changed since it was opened");
    cr_assert_null(shard.memory);
    rt_store_reader_close(reader);
}

Test(datasets_limits, an_index_with_a_wrong_entry)
{
    rt_arena arena = {0};
    rt_buffer bytes = {0};
    rt_index_shard *shards, wrong = {.sha256 = "too short", .count = 3};
    uint32_t count;
    cr_assert_eq(rt_index_encode(&bytes, &rt_test_description, &wrong, 1), RT_OK, "%s",
                 rt_error_message());
    cr_assert_eq(rt_index_decode("i.h5", &bytes, &arena, &shards, &count), RT_ERROR_INPUT);
    expect_message("entry 0 of the list of shards in 'i.h5' is wrong");
    rt_buffer_clear(&bytes);
    rt_arena_clear(&arena);
}

Test(datasets_limits, texts_that_are_too_long)
{
    enum { LENGTH = (1 << 20) + 1 };
    char *text = calloc(LENGTH + 1, 1);
    rt_store *store;
    memset(text, 'x', LENGTH);
    rt_store_description d = rt_test_description;
    d.config = text;
    cr_assert_eq(rt_store_create(&store, rt_test_path("store"), &d), RT_ERROR_INPUT);
    expect_message("'config' of a store has 1048577 bytes, at most 1048576 are allowed");
    text[LENGTH / 2] = '\0'; /* one is short enough, all in a table are not */
    const char *const names[] = {"a", text, "c"};
    d = rt_test_description;
    d.class_names = names;
    cr_assert_eq(rt_store_create(&store, rt_test_path("store"), &d), RT_ERROR_INPUT);
    expect_message("the class names of a store are too long");
    free(text);
}
