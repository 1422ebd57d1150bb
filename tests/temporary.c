#include "tests/temporary.h"

#include "common/base/io.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[256];
static pid_t folder_owner;

static int remove_entry(const char *path, const struct stat *information, int kind,
                        struct FTW *place)
{
    (void)information;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_folder(void)
{
    if (folder_owner == getpid()) nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *rt_test_folder(void)
{
    if (folder[0] != 0) return folder;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/retort-test-XXXXXX", base != NULL ? base : "/tmp");
    cr_assert_not_null(mkdtemp(folder), "no folder can be made in %s", folder);
    folder_owner = getpid();
    atexit(remove_folder);
    return folder;
}

const char *rt_test_path(const char *name)
{
    static struct path {
        struct path *next;
        char text[1024];
    } * paths; /* kept reachable: leaks are counted */
    struct path *path = malloc(sizeof *path);
    cr_assert_not_null(path);
    path->next = paths;
    paths = path;
    snprintf(path->text, sizeof path->text, "%s/%s", rt_test_folder(), name);
    return path->text;
}

void rt_test_write(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(data, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
}

void *rt_test_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    void *data = malloc(*size + 1);
    cr_assert_not_null(data);
    cr_assert_eq(fread(data, 1, *size, file), *size);
    fclose(file);
    return data;
}

static bool same_files(const char *left, const char *right)
{
    size_t left_size, right_size;
    if (access(left, R_OK) != 0 || access(right, R_OK) != 0) return false;
    void *a = rt_test_read(left, &left_size), *b = rt_test_read(right, &right_size);
    const bool same = left_size == right_size && memcmp(a, b, left_size) == 0;
    free(a);
    free(b);
    return same;
}

/* Number of names in `left`, or -1 if one of them is not the same in `right`. */
static int compare_folder(const char *left, const char *right, const char *except)
{
    int count = 0;
    DIR *entries = opendir(left);
    if (entries == NULL) return -1;
    for (struct dirent *entry; count >= 0 && (entry = readdir(entries)) != NULL;) {
        char a[1024], b[1024];
        if (entry->d_name[0] == '.' || (except != NULL && strcmp(entry->d_name, except) == 0))
            continue;
        snprintf(a, sizeof a, "%s/%s", left, entry->d_name);
        snprintf(b, sizeof b, "%s/%s", right, entry->d_name);
        count = same_files(a, b) ? count + 1 : -1;
    }
    closedir(entries);
    return count;
}

bool rt_test_same(const char *left, const char *right, const char *except)
{
    struct stat information;
    if (stat(left, &information) != 0) return false;
    if (!S_ISDIR(information.st_mode)) return same_files(left, right);
    const int forth = compare_folder(left, right, except);
    return forth >= 0 && forth == compare_folder(right, left, except);
}

/* ---- faults ---- */

static rt_io_calls real_io;
static unsigned fault_at;
static int fault_error;
static bool fault_for_ever, fault_reached;

static bool faulty(void)
{
    if (fault_reached && fault_for_ever) return true;
    if (fault_at == 0 || --fault_at > 0) return false;
    fault_reached = true;
    return true;
}

static int fail(void)
{
    if (fault_error == RT_TEST_KILL) raise(SIGKILL);
    errno = fault_error;
    return -1;
}

#define FAULT_OR(call) return faulty() ? fail() : call

static int faulty_open(const char *path, int flags, mode_t mode)
{
    FAULT_OR(real_io.open(path, flags, mode));
}
static ssize_t faulty_write(int file, const void *data, size_t size)
{
    if (!faulty()) return real_io.write(file, data, size);
    (void)!real_io.write(file, data, size / 2);
    return fail();
}
static ssize_t faulty_read(int file, void *data, size_t size)
{
    FAULT_OR(real_io.read(file, data, size));
}
static int faulty_fsync(int file) { FAULT_OR(real_io.fsync(file)); }
static int faulty_close(int file)
{
    const int result = real_io.close(file); /* as in Linux: closed, whatever it returns */
    return faulty() ? fail() : result;
}
static int faulty_rename(const char *from, const char *to) { FAULT_OR(real_io.rename(from, to)); }
static int faulty_unlink(const char *path) { FAULT_OR(real_io.unlink(path)); }
static int faulty_ftruncate(int file, off_t size) { FAULT_OR(real_io.ftruncate(file, size)); }

void rt_test_fail_io(unsigned nth, int error, bool for_ever)
{
    if (real_io.open == NULL) real_io = rt_io;
    fault_at = nth;
    fault_error = error;
    fault_for_ever = for_ever;
    fault_reached = false;
    rt_io = nth == 0 ? real_io
                     : (rt_io_calls){
                           .open = faulty_open,
                           .write = faulty_write,
                           .read = faulty_read,
                           .fsync = faulty_fsync,
                           .close = faulty_close,
                           .rename = faulty_rename,
                           .unlink = faulty_unlink,
                           .ftruncate = faulty_ftruncate,
                       };
}

bool rt_test_io_failed(void) { return fault_reached; }

static int run_python(const char *script, const char *argument)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        unsetenv("LD_PRELOAD");
        execl("/usr/bin/python3", "python3", "-c", script, argument, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int rt_test_python(const char *module, const char *script, const char *argument)
{
    static const char probe[] = "import importlib.util, sys\n"
                                "sys.exit(importlib.util.find_spec(sys.argv[1]) is None)\n";
    if (run_python(probe, module) != 0) return -1;
    return run_python(script, argument);
}
