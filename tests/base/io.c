#include "common/base/io.h"
#include "common/base/interrupt.h"
#include "tests/base/support.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void assert_message(const char *part)
{
    cr_assert_not_null(strstr(rt_error_message(), part), "'%s' is not in '%s'", part,
                       rt_error_message());
}

Test(base_io, read_gives_all_and_a_final_zero)
{
    const char *path = rt_test_path("a");
    rt_buffer bytes = {0};
    rt_test_write(path, "a\0b", 3);
    cr_assert_eq(rt_file_read(&bytes, path, 3), RT_OK);
    cr_assert_eq(bytes.size, 3);
    cr_assert_eq(memcmp(bytes.data, "a\0b", 4), 0);
    rt_test_write(path, "", 0);
    cr_assert_eq(rt_file_read(&bytes, path, 3), RT_OK); /* and the earlier bytes are gone */
    cr_assert_eq(bytes.size, 0);
    cr_assert_eq(bytes.data[0], 0);
    rt_buffer_clear(&bytes);
}

Test(base_io, read_refuses_what_is_no_small_regular_file, .timeout = 5)
{
    rt_buffer bytes = {0};
    const char *path = rt_test_path("a");
    cr_assert_eq(rt_file_read(&bytes, path, 10), RT_ERROR_INPUT);
    assert_message("no file '");
    rt_test_write(path, "12345678901", 11);
    cr_assert_eq(rt_file_read(&bytes, path, 10), RT_ERROR_INPUT);
    assert_message("has 11 bytes, more than the 10 allowed");
    cr_assert_eq(rt_file_read(&bytes, rt_test_path("a/b"), 10), RT_ERROR_INPUT);
    cr_assert_eq(rt_file_read(&bytes, rt_test_path(""), 10), RT_ERROR_INPUT);
    assert_message("is not a regular file");
    cr_assert_eq(rt_file_read(&bytes, "/dev/zero", 10), RT_ERROR_INPUT);
    assert_message("is not a regular file");
    cr_assert_eq(mkfifo(rt_test_path("fifo"), 0600), 0);
    cr_assert_eq(rt_file_read(&bytes, rt_test_path("fifo"), 10), RT_ERROR_INPUT); /* and no hang */
    assert_message("is not a regular file");
    cr_assert_eq(symlink("loop", rt_test_path("loop")), 0);
    cr_assert_eq(rt_file_read(&bytes, rt_test_path("loop"), 10), RT_ERROR_INPUT);
    assert_message("is not a regular file");
    cr_assert_null(bytes.data);
}

Test(base_io, replace_writes_and_leaves_nothing_else)
{
    const char *path = rt_test_path("a");
    cr_assert_eq(rt_file_replace(path, "one", 3), RT_OK);
    cr_assert(rt_test_holds(path, "one", 3));
    cr_assert_eq(rt_file_replace(path, NULL, 0), RT_OK);
    cr_assert(rt_test_holds(path, "", 0));
    cr_assert_eq(rt_test_folder_count(), 1);
    cr_assert_eq(chdir(rt_test_path("")), 0);
    cr_assert_eq(rt_file_replace("bare", "x", 1), RT_OK); /* its folder is "." */
    cr_assert(rt_test_holds("bare", "x", 1));
}

Test(base_io, replace_survives_a_temporary_file_left_behind)
{
    char left[64];
    snprintf(left, sizeof left, "a.%ld.tmp", (long)getpid());
    rt_test_write(rt_test_path("victim"), "safe", 4);
    cr_assert_eq(symlink(rt_test_path("victim"), rt_test_path(left)), 0);
    cr_assert_eq(rt_file_replace(rt_test_path("a"), "new", 3), RT_OK);
    cr_assert(rt_test_holds(rt_test_path("a"), "new", 3));
    cr_assert(rt_test_holds(rt_test_path("victim"), "safe", 4));
    cr_assert_eq(rt_test_folder_count(), 2);
}

Test(base_io, replace_says_what_is_wrong)
{
    cr_assert_eq(rt_file_replace(rt_test_path("missing/a"), "x", 1), RT_ERROR_IO);
    assert_message("its folder does not exist; make it first");
    cr_assert_eq(mkfifo(rt_test_path("fifo"), 0600), 0);
    cr_assert_eq(rt_file_replace(rt_test_path("fifo"), "x", 1), RT_ERROR_IO);
    assert_message("it is not a regular file");
    cr_assert_eq(rt_file_replace(rt_test_path(""), "x", 1), RT_ERROR_IO);
    cr_assert_eq(rt_test_folder_count(), 1);
}

Test(base_io, replace_meets_the_limit_on_file_sizes)
{
    static char data[20000];
    const char *path = rt_test_path("a");
    rt_interrupt_install(); /* ignores SIGXFSZ */
    rt_test_write(path, "old", 3);
    for (rlim_t limit = 0; limit <= 20000; limit += 1000) {
        const struct rlimit size = {.rlim_cur = limit, .rlim_max = RLIM_INFINITY};
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &size), 0);
        const rt_status status = rt_file_replace(path, data, sizeof data);
        const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
        setrlimit(RLIMIT_FSIZE, &none);
        cr_assert_eq(status, limit < sizeof data ? RT_ERROR_IO : RT_OK);
        if (limit < sizeof data) assert_message("20000 bytes needed");
        if (limit < sizeof data) cr_assert(rt_test_holds(path, "old", 3));
        cr_assert_eq(rt_test_folder_count(), 1);
    }
    cr_assert(rt_test_holds(path, data, sizeof data));
}

Test(base_io, append_and_truncate)
{
    const char *path = rt_test_path("log");
    cr_assert_eq(rt_file_append(path, "one\n", 4), RT_OK);
    cr_assert_eq(rt_file_append(path, "two\n", 4), RT_OK);
    cr_assert(rt_test_holds(path, "one\ntwo\n", 8));
    cr_assert_eq(rt_file_truncate(path, 4), RT_OK);
    cr_assert(rt_test_holds(path, "one\n", 4));
    cr_assert_eq(rt_file_truncate(path, 5), RT_ERROR_INPUT);
    assert_message("has 4 bytes, fewer than the 5 to keep");
    cr_assert_eq(rt_file_truncate(rt_test_path("none"), 0), RT_ERROR_IO);
    cr_assert_eq(mkfifo(rt_test_path("fifo"), 0600), 0);
    cr_assert_eq(rt_file_append(rt_test_path("fifo"), "x", 1), RT_ERROR_IO);
    cr_assert_eq(rt_file_append("/dev/null", "x", 1), RT_ERROR_IO);
}

Test(base_io, remove_rename_exists)
{
    const char *path = rt_test_path("a"), *other = rt_test_path("b");
    cr_assert_eq(rt_file_remove(path), RT_OK); /* missing is fine */
    cr_assert_eq(rt_file_rename(path, other), RT_ERROR_IO);
    assert_message("cannot rename '");
    rt_test_write(path, "x", 1);
    cr_assert(rt_file_exists(path) && !rt_directory_exists(path) && !rt_file_exists(other));
    cr_assert_eq(rt_file_rename(path, other), RT_OK);
    cr_assert(rt_test_holds(other, "x", 1));
    cr_assert_eq(rt_file_remove(other), RT_OK);
    cr_assert_eq(rt_file_remove(rt_test_path("")), RT_ERROR_IO);
    assert_message("cannot remove '");
    cr_assert(rt_directory_exists(rt_test_path("")) && !rt_file_exists(rt_test_path("")));
}

Test(base_io, directories)
{
    rt_arena arena = {0};
    cr_assert_eq(rt_directory_create(rt_test_path("x/y//z/")), RT_OK);
    cr_assert_eq(rt_directory_create(rt_test_path("x/y/z")), RT_OK);
    cr_assert(rt_directory_exists(rt_test_path("x/y/z")));
    cr_assert_eq(rt_directory_sync(rt_test_path("x")), RT_OK);
    cr_assert_eq(rt_directory_sync(rt_test_path("none")), RT_ERROR_IO);
    rt_test_write(rt_test_path("x/file"), "", 0);
    rt_test_write(rt_test_path("x/B"), "", 0);
    cr_assert_eq(rt_directory_create(rt_test_path("x/file")), RT_ERROR_IO);
    assert_message("a file is in its place");
    cr_assert_eq(rt_directory_create(rt_test_path("x/file/deeper")), RT_ERROR_IO);
    assert_message("x/file': a file is in its place");
    char **names;
    size_t count;
    cr_assert_eq(rt_directory_list(&arena, rt_test_path("x"), &names, &count), RT_OK);
    cr_assert_eq(count, 3);
    cr_assert_str_eq(names[0], "B");
    cr_assert_str_eq(names[1], "file");
    cr_assert_str_eq(names[2], "y");
    cr_assert_eq(rt_directory_list(&arena, rt_test_path("x/y/z"), &names, &count), RT_OK);
    cr_assert_eq(count, 0);
    cr_assert_eq(rt_directory_list(&arena, rt_test_path("none"), &names, &count), RT_ERROR_INPUT);
    assert_message("no folder '");
    cr_assert_eq(rt_directory_list(&arena, rt_test_path("x/B"), &names, &count), RT_ERROR_INPUT);
    cr_assert_str_eq(rt_path_join(&arena, "a", "b"), "a/b");
    cr_assert_str_eq(rt_path_join(&arena, "a/", "b"), "a/b");
    cr_assert_str_eq(rt_path_join(&arena, "", "b"), "b");
    rt_arena_clear(&arena);
    cr_assert_eq(chdir(rt_test_path("")), 0);
    cr_assert_eq(rt_directory_create("relative/one"), RT_OK);
    cr_assert(rt_directory_exists(rt_test_path("relative/one")));
}
