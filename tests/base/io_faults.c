/* Every call of every write path fails once (docs/reliability.md). */
#include "common/base/io.h"
#include "tests/base/support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(base_io_faults, .timeout = 60);

enum { DIE = -1 }; /* instead of an errno: the process is gone at this call, as by kill -9 */

static rt_io_calls real;
static struct {
    int count;   /* calls so far */
    int fail_at; /* this one fails */
    int error;
    bool all; /* and every later one, with EIO */
    const char *failed;
    int syncs_after;
    bool shorten; /* writes and reads do a part, and are interrupted every other time */
} fault;

static bool strike(const char *name)
{
    fault.count++;
    const bool now = fault.count == fault.fail_at || (fault.all && fault.count > fault.fail_at);
    if (!now) return false;
    if (fault.error == DIE) _exit(0);
    if (fault.failed == NULL) fault.failed = name;
    errno = fault.count == fault.fail_at ? fault.error : EIO;
    return true;
}

static int fault_open(const char *path, int flags, mode_t mode)
{
    return strike("open") ? -1 : real.open(path, flags, mode);
}

static size_t part(size_t size)
{
    if (!fault.shorten) return size;
    return size < 3 ? 1 : size / 3;
}

static bool interrupted(void)
{
    static int calls;
    if (!fault.shorten || ++calls % 2 == 0) return false;
    errno = EINTR;
    return true;
}

static ssize_t fault_write(int file, const void *data, size_t size)
{
    return strike("write") || interrupted() ? -1 : real.write(file, data, part(size));
}

static ssize_t fault_read(int file, void *data, size_t size)
{
    return strike("read") || interrupted() ? -1 : real.read(file, data, part(size));
}

static int fault_fsync(int file)
{
    if (fault.failed != NULL && strcmp(fault.failed, "fsync") == 0) fault.syncs_after++;
    return strike("fsync") ? -1 : real.fsync(file);
}

static int fault_close(int file)
{
    const int result = real.close(file); /* a failed close has closed all the same */
    return strike("close") ? -1 : result;
}

static int fault_rename(const char *from, const char *to)
{
    return strike("rename") ? -1 : real.rename(from, to);
}

static int fault_unlink(const char *path) { return strike("unlink") ? -1 : real.unlink(path); }

static int fault_ftruncate(int file, off_t size)
{
    return strike("ftruncate") ? -1 : real.ftruncate(file, size);
}

static void arm(int fail_at, int error)
{
    if (real.open == NULL) real = rt_io;
    memset(&fault, 0, sizeof fault);
    fault.fail_at = fail_at;
    fault.error = error;
    rt_io = (rt_io_calls){fault_open,  fault_write,  fault_read,   fault_fsync,
                          fault_close, fault_rename, fault_unlink, fault_ftruncate};
}

static void disarm(void) { rt_io = real; }

static const int errors[] = {EIO, ENOSPC, EDQUOT, EACCES};
static char fresh[50000];

Test(base_io_faults, replace_leaves_the_old_or_the_new)
{
    const char *path = rt_test_path("a");
    memset(fresh, 'n', sizeof fresh);
    const size_t descriptors = rt_test_descriptor_count();
    for (size_t e = 0; e < RT_COUNT(errors); e++) {
        bool struck = true;
        int renames = 0, k;
        for (k = 1; struck; k++) {
            rt_test_write(path, "old", 3);
            arm(k, errors[e]);
            const rt_status status = rt_file_replace(path, fresh, sizeof fresh);
            disarm();
            struck = fault.failed != NULL;
            if (struck && strcmp(fault.failed, "rename") == 0) renames = k;
            /* the folder's close, the last call, loses nothing */
            const bool harmless = !struck || (renames > 0 && strcmp(fault.failed, "close") == 0);
            cr_assert_eq(status, harmless ? RT_OK : RT_ERROR_IO, "call %d", k);
            const bool replaced = !struck || (renames > 0 && k > renames);
            cr_assert(rt_test_holds(path, replaced ? fresh : "old", replaced ? sizeof fresh : 3));
            cr_assert_eq(rt_test_folder_count(), 1, "call %d", k);
            cr_assert_eq(rt_test_descriptor_count(), descriptors, "call %d", k);
            cr_assert_eq(fault.syncs_after, 0, "fsync was tried again");
        }
        /* open, write, fsync and close come before it, the folder's open, fsync and close after;
         * then one round without a fault */
        cr_assert_eq(renames, 5);
        cr_assert_eq(k - 1, renames + 3 + 1);
    }
}

Test(base_io_faults, replace_words_a_full_disk)
{
    const char *path = rt_test_path("a");
    const int full[] = {ENOSPC, EDQUOT};
    for (size_t e = 0; e < RT_COUNT(full); e++) {
        arm(2, full[e]); /* the first write */
        cr_assert_eq(rt_file_replace(path, fresh, sizeof fresh), RT_ERROR_IO);
        disarm();
        char expected[1024];
        snprintf(expected, sizeof expected,
                 "disk full at '%s', 50000 bytes needed; free some and go on", path);
        cr_assert_str_eq(rt_error_message(), expected);
    }
}

/* From the k-th call on nothing works, not even the clean-up: the first error is the one told. */
Test(base_io_faults, replace_tells_the_first_error)
{
    const char *path = rt_test_path("a");
    bool struck = true;
    for (int k = 1; struck; k++) {
        rt_test_write(path, "old", 3);
        arm(k, ENOSPC);
        fault.all = true;
        const rt_status status = rt_file_replace(path, fresh, sizeof fresh);
        disarm();
        struck = fault.failed != NULL;
        const char *message = rt_error_message(); /* the later errors are EIO */
        if (status != RT_OK)
            cr_assert(strstr(message, "disk full") || strstr(message, "No space left"));
        cr_assert(rt_test_holds(path, "old", 3) || rt_test_holds(path, fresh, sizeof fresh));
    }
}

Test(base_io_faults, replace_survives_being_killed)
{
    const char *path = rt_test_path("a");
    bool finished = false;
    for (int k = 1; !finished; k++) {
        rt_test_write(path, "old", 3);
        const pid_t child = fork();
        if (child == 0) {
            arm(k, DIE);
            _exit(rt_file_replace(path, fresh, sizeof fresh) == RT_OK ? 7 : 8);
        }
        int result;
        cr_assert_eq(waitpid(child, &result, 0), child);
        finished = WEXITSTATUS(result) == 7;
        cr_assert(finished || WEXITSTATUS(result) == 0);
        cr_assert(rt_test_holds(path, "old", 3) || rt_test_holds(path, fresh, sizeof fresh));
    }
    cr_assert(rt_test_holds(path, fresh, sizeof fresh));
}

Test(base_io_faults, short_and_interrupted_calls_change_nothing)
{
    rt_buffer bytes = {0};
    const char *path = rt_test_path("a");
    for (size_t i = 0; i < sizeof fresh; i++) fresh[i] = (char)(i * 7 + i / 256);
    arm(0, 0);
    fault.shorten = true;
    cr_assert_eq(rt_file_replace(path, fresh, sizeof fresh), RT_OK);
    cr_assert(rt_test_holds(path, fresh, sizeof fresh));
    cr_assert_eq(rt_file_read(&bytes, path, sizeof fresh), RT_OK);
    cr_assert_eq(memcmp(bytes.data, fresh, sizeof fresh), 0);
    cr_assert_eq(rt_file_append(path, "tail", 4), RT_OK);
    cr_assert_eq(rt_file_truncate(path, sizeof fresh + 2), RT_OK);
    disarm();
    rt_buffer_clear(&bytes);
    cr_assert_eq(rt_file_read(&bytes, path, 100000), RT_OK);
    cr_assert_eq(memcmp(bytes.data + sizeof fresh, "ta", 3), 0);
    rt_buffer_clear(&bytes);
}

/* A signal at the k-th call: all but fsync and rename, which have no safe second try, go on. */
Test(base_io_faults, interrupted_calls_go_on)
{
    const char *path = rt_test_path("a");
    bool struck = true;
    for (int k = 1; struck; k++) {
        arm(k, EINTR);
        const rt_status status = rt_file_replace(path, fresh, sizeof fresh);
        disarm();
        struck = fault.failed != NULL;
        const bool final =
            struck && (strcmp(fault.failed, "fsync") == 0 || strcmp(fault.failed, "rename") == 0);
        cr_assert_eq(status, final ? RT_ERROR_IO : RT_OK, "call %d", k);
        cr_assert_eq(fault.syncs_after, 0);
    }
}

Test(base_io_faults, append_leaves_whole_lines)
{
    const char *path = rt_test_path("log");
    const size_t descriptors = rt_test_descriptor_count();
    bool struck = true;
    for (int k = 1; struck; k++) {
        rt_test_write(path, "one\n", 4);
        arm(k, ENOSPC);
        fault.shorten = true; /* so that a part was written before the disk was full */
        const rt_status status = rt_file_append(path, "second line\n", 12);
        disarm();
        struck = fault.failed != NULL;
        cr_assert_eq(status, struck ? RT_ERROR_IO : RT_OK);
        const bool whole = !struck || strcmp(fault.failed, "close") == 0;
        cr_assert(rt_test_holds(path, "one\nsecond line\n", whole ? 16 : 4), "call %d", k);
        cr_assert_eq(rt_test_descriptor_count(), descriptors);
    }
}

Test(base_io_faults, read_and_truncate_fail_cleanly)
{
    const char *path = rt_test_path("a");
    const size_t descriptors = rt_test_descriptor_count();
    bool struck = true;
    rt_test_write(path, "content", 7);
    for (int k = 1; struck; k++) {
        rt_buffer bytes = {0};
        arm(k, EIO);
        const rt_status status = rt_file_read(&bytes, path, 100);
        disarm();
        struck = fault.failed != NULL;
        const bool harmless = !struck || strcmp(fault.failed, "close") == 0;
        cr_assert_eq(status, harmless ? RT_OK : RT_ERROR_IO);
        cr_assert_eq(bytes.data == NULL, !harmless);
        cr_assert_eq(rt_test_descriptor_count(), descriptors);
        rt_buffer_clear(&bytes);
    }
    struck = true;
    for (int k = 1; struck; k++) {
        arm(k, EIO);
        const rt_status status = rt_file_truncate(path, 7);
        disarm();
        struck = fault.failed != NULL;
        cr_assert_eq(status, struck ? RT_ERROR_IO : RT_OK);
        cr_assert_eq(fault.syncs_after, 0);
        cr_assert_eq(rt_test_descriptor_count(), descriptors);
    }
}

static ssize_t read_nothing(int file, void *data, size_t size)
{
    (void)file, (void)data, (void)size;
    return 0;
}

Test(base_io_faults, a_file_that_shrinks_while_it_is_read)
{
    rt_buffer bytes = {0};
    const char *path = rt_test_path("a");
    rt_test_write(path, "content", 7);
    const rt_io_calls calls = rt_io;
    rt_io.read = read_nothing;
    cr_assert_eq(rt_file_read(&bytes, path, 100), RT_ERROR_IO);
    rt_io = calls;
    cr_assert_not_null(strstr(rt_error_message(), "became shorter while it was read"));
    cr_assert_null(bytes.data);
}

static ssize_t write_nothing(int file, const void *data, size_t size)
{
    (void)file, (void)data, (void)size;
    return 0;
}

Test(base_io_faults, a_write_of_nothing_does_not_loop)
{
    rt_io.write = write_nothing;
    cr_assert_eq(rt_file_replace(rt_test_path("a"), "x", 1), RT_ERROR_IO);
    cr_assert_eq(rt_test_folder_count(), 0);
}

Test(base_io_faults, allocation_failures)
{
    const char *path = rt_test_path("a");
    rt_test_write(path, "old", 3);
    rt_status status = RT_ERROR_MEMORY;
    int k;
    for (k = 1; status != RT_OK; k++) {
        rt_arena arena = {0};
        rt_buffer bytes = {0};
        char **names;
        size_t count;
        rt_alloc_fail_at((uint64_t)k, false);
        status = rt_file_replace(path, "new", 3);
        if (status == RT_OK) status = rt_file_read(&bytes, path, 3);
        if (status == RT_OK) status = rt_directory_create(rt_test_path("d/e"));
        if (status == RT_OK) status = rt_directory_list(&arena, rt_test_path(""), &names, &count);
        rt_alloc_fail_at(0, false);
        cr_assert(status == RT_OK || status == RT_ERROR_MEMORY);
        rt_buffer_clear(&bytes);
        rt_arena_clear(&arena);
        cr_assert(rt_test_holds(path, "old", 3) || rt_test_holds(path, "new", 3));
        cr_assert_leq(rt_test_folder_count(), 2);
    }
    cr_assert_gt(k, 5);
}
