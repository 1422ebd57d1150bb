/* Files that a stranger names are read inside of a folder and nowhere else. */
#include "common/base/io.h"
#include "tests/base/support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(base_io_within, .timeout = 60);

/* FOLDER/in/data, FOLDER/in/deep/er/data, and FOLDER/secret outside of it. */
static const char *make_folder(void)
{
    cr_assert_eq(rt_directory_create(rt_test_path("in/deep/er")), RT_OK);
    rt_test_write(rt_test_path("in/data"), "0123456789", 10);
    rt_test_write(rt_test_path("in/deep/er/data"), "abc", 3);
    rt_test_write(rt_test_path("secret"), "secret", 6);
    return rt_test_path("in");
}

static void expect_bytes(const char *name, uint64_t offset, const char *expected)
{
    rt_buffer bytes = {0};
    cr_assert_eq(rt_file_read_within(&bytes, rt_test_path("in"), name, offset, strlen(expected)),
                 RT_OK, "%s", rt_error_message());
    cr_expect_str_eq((const char *)bytes.data, expected);
    cr_expect_eq(bytes.size, strlen(expected));
    rt_buffer_clear(&bytes);
}

Test(base_io_within, reads_a_part)
{
    make_folder();
    const size_t descriptors = rt_test_descriptor_count();
    expect_bytes("data", 0, "0123456789");
    expect_bytes("data", 7, "789");
    expect_bytes("data", 10, "");
    expect_bytes("deep/er/data", 1, "bc");
    cr_assert_eq(symlink("in", rt_test_path("link")), 0);
    rt_buffer bytes = {0};
    cr_assert_eq(rt_file_read_within(&bytes, rt_test_path("link"), "data", 3, 1), RT_OK,
                 "the way to the folder is the caller's own");
    cr_expect_str_eq((const char *)bytes.data, "3");
    rt_buffer_clear(&bytes);
    cr_expect_eq(rt_test_descriptor_count(), descriptors);
}

static void refuse(const char *name, uint64_t offset, uint64_t size, const char *words)
{
    rt_buffer bytes = {0};
    const size_t descriptors = rt_test_descriptor_count();
    cr_expect_eq(rt_file_read_within(&bytes, rt_test_path("in"), name, offset, size),
                 RT_ERROR_INPUT, "'%s' was read", name);
    cr_expect_not_null(strstr(rt_error_message(), words), "'%s' is not in: %s", words,
                       rt_error_message());
    cr_expect(bytes.data == NULL && bytes.size == 0);
    cr_expect_eq(rt_test_descriptor_count(), descriptors, "'%s' left a descriptor open", name);
}

Test(base_io_within, refuses_other_names)
{
    char absolute[4200], name[300];
    make_folder();
    refuse("../secret", 0, 6, "must be relative");
    refuse("deep/../data", 0, 3, "must be relative");
    refuse("deep/../../secret", 0, 6, "must be relative");
    refuse("./data", 0, 3, "must be relative");
    refuse("", 0, 3, "must be relative");
    refuse("deep//er/data", 0, 3, "must be relative");
    refuse("data/", 0, 3, "what should be a folder");
    refuse("deep/", 0, 3, "must be relative");
    refuse("deep/er", 0, 3, "no regular file");
    refuse("missing", 0, 3, "there is no 'missing'");
    refuse("missing/data", 0, 3, "there is no");
    snprintf(absolute, sizeof absolute, "%s", rt_test_path("in/data"));
    refuse(absolute, 0, 3, "must be relative");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    refuse(name, 0, 3, "too long");
}

Test(base_io_within, refuses_links_and_special_files)
{
    make_folder();
    cr_assert_eq(symlink("../secret", rt_test_path("in/soft")), 0);
    cr_assert_eq(symlink("data", rt_test_path("in/inside")), 0);
    cr_assert_eq(symlink("..", rt_test_path("in/up")), 0);
    cr_assert_eq(link(rt_test_path("secret"), rt_test_path("in/hard")), 0);
    cr_assert_eq(mkfifo(rt_test_path("in/fifo"), 0600), 0);
    refuse("soft", 0, 6, "symbolic link");
    refuse("inside", 0, 3, "symbolic link");
    refuse("up/secret", 0, 6, "symbolic link");
    refuse("hard", 0, 6, "hard link");
    refuse("fifo", 0, 1, "no regular file"); /* and does not wait for a writer */
}

Test(base_io_within, refuses_what_goes_beyond_the_end)
{
    make_folder();
    refuse("data", 0, 11, "has 10 bytes, and 11 from byte 0");
    refuse("data", 8, 3, "and 3 from byte 8");
    refuse("data", 11, 0, "from byte 11");
    refuse("data", UINT64_MAX, 2, "from byte 18446744073709551615");
    refuse("data", 0, UINT64_MAX, "and 18446744073709551615 from byte 0"); /* takes no memory */
}

Test(base_io_within, a_failing_disk_is_an_error_of_its_own)
{
    rt_buffer bytes = {0};
    make_folder();
    rt_test_fail_io(1, EIO, true); /* of the calls in rt_io the first is a read */
    cr_expect_eq(rt_file_read_within(&bytes, rt_test_path("in"), "data", 0, 4), RT_ERROR_IO);
    cr_expect(rt_test_io_failed());
    rt_test_fail_io(0, 0, false);
}
