/* Disks that are full or cannot be written: exit code 2 and what to do; what was complete stays,
 * and when there is space again the work ends as if nothing had been. */
#include "common/base/io.h"
#include "tests/child.h"
#include "tests/cli/tiny.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

TestSuite(cli_disk, .timeout = 600);

enum { PAGE = 4096, PLENTY = 64 << 20 };

/* Mounts a disk of `bytes` at "small", for this process and its children alone. */
static bool mount_disk(const char *path, int bytes)
{
    char options[32];
    snprintf(options, sizeof options, "size=%d", bytes);
    return mount("none", path, "tmpfs", 0, options) == 0;
}

/* The place for small disks; skips the test where the system does not let us mount. */
static const char *prepare_disk(void)
{
    const char *path = rt_test_path("small");
    cr_assert_eq(rt_directory_create(path), RT_OK);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        !mount_disk(path, PAGE))
        cr_skip_test("no disk can be mounted here: %s", strerror(errno));
    cr_assert_eq(umount(path), 0);
    return path;
}

static void resize_disk(const char *path, int bytes, unsigned long flags)
{
    char options[32];
    snprintf(options, sizeof options, "size=%d", bytes);
    cr_assert_eq(mount("none", path, "tmpfs", MS_REMOUNT | flags, options), 0, "%s",
                 strerror(errno));
}

static void expect_message(const rt_child *child, const char *message)
{
    cr_assert_not_null(strstr(child->errors, message), "wanted: %s\ngot: %s", message,
                       child->errors);
}

/* No file is half there: neither under a name of ours nor under a temporary one. */
static void expect_no_leftovers(const char *folder)
{
    rt_arena arena = {0};
    char **names;
    size_t count;
    if (!rt_directory_exists(folder)) return;
    cr_assert_eq(rt_directory_list(&arena, folder, &names, &count), RT_OK);
    for (size_t i = 0; i < count; i++)
        cr_assert_null(strstr(names[i], ".tmp"), "%s/%s was left behind", folder, names[i]);
    rt_arena_clear(&arena);
}

static void expect_same(const char *whole, const char *made, const char *name)
{
    char a[1200], b[1200];
    snprintf(a, sizeof a, "%s/%s", rt_test_path(whole), name);
    snprintf(b, sizeof b, "%s/%s", rt_test_path(made), name);
    cr_assert(rt_test_same(a, b, "lock"), "'%s' came out different", name);
}

Test(cli_disk, import_on_a_full_one)
{
    rt_tiny_idx("a", 400);
    const char *small = prepare_disk();
    const rt_child *child = rt_test_retort_ends(0, "import", "idx", "a-images-idx3-ubyte", "--out",
                                                "whole", "--shard-samples", "80");
    int failed = 0, pages = 1;
    for (;; pages++) {
        cr_assert(mount_disk(small, pages * PAGE));
        child = rt_test_retort("import", "idx", "a-images-idx3-ubyte", "--out", "small/store",
                               "--shard-samples", "80", NULL);
        if (child->code == 0) break;
        failed++;
        cr_assert_eq(child->code, 2, "%s", child->errors);
        expect_message(child, "disk full at 'small/store.importing");
        cr_assert_neq(access(rt_test_path("small/store"), F_OK), 0);
        cr_assert_neq(access(rt_test_path("small/store.importing"), F_OK), 0);
        resize_disk(small, PLENTY, 0);
        if (pages % 8 == 0) {
            rt_test_retort_ends(0, "import", "idx", "a-images-idx3-ubyte", "--out", "small/store",
                                "--shard-samples", "80");
            cr_assert(rt_test_same(rt_test_path("whole"), rt_test_path("small/store"), "lock"));
        }
        cr_assert_eq(umount(small), 0);
    }
    cr_assert(rt_test_same(rt_test_path("whole"), rt_test_path("small/store"), "lock"));
    cr_assert_geq(failed, 10, "the disks were not small enough: the test is no test");
    cr_assert_eq(umount(small), 0);
}

typedef struct full_disk_test {
    const char *command, *config;
    const char *results[4]; ///< of a complete run
    int sizes[6];           ///< of disks that are too small, in pages
} full_disk_test;

static void check_job(const full_disk_test *job, const char *small)
{
    rt_test_retort_ends(0, job->command, job->config, "--out", "whole", "--quiet");
    for (int i = 0; job->sizes[i] > 0; i++) {
        cr_assert(mount_disk(small, job->sizes[i] * PAGE));
        const rt_child *child =
            rt_test_retort(job->command, job->config, "--out", "small/run", "--quiet", NULL);
        cr_assert_eq(child->code, 2, "%s on %d pages: exit code %d\n%s", job->command,
                     job->sizes[i], child->code, child->errors);
        expect_message(child, "disk full at 'small/run");
        expect_message(child, "free some and go on");
        expect_no_leftovers(rt_test_path("small/run"));
        expect_no_leftovers(rt_test_path("small/run/store"));
        if (access(rt_test_path("small/run/store/shard-000000.h5"), F_OK) == 0)
            rt_test_retort_ends(0, "inspect", "small/run/store", "--verify");
        resize_disk(small, PLENTY, 0);
        rt_test_retort_ends(0, job->command, job->config, "--out", "small/run", "--resume",
                            "--quiet");
        for (size_t k = 0; k < RT_COUNT(job->results) && job->results[k] != NULL; k++)
            expect_same("whole", "small/run", job->results[k]);
        cr_assert_eq(umount(small), 0);
    }
}

static const char *make_world(void)
{
    rt_tiny_configs();
    rt_tiny_store("store", &(rt_tiny){0});
    rt_tiny_model("teacher.safetensors", &(rt_tiny){0}, NULL);
    return prepare_disk();
}

Test(cli_disk, generate_on_a_full_one)
{
    static const full_disk_test job = {
        "generate", "generate.yaml", {"store", "metrics.csv"}, {1, 4, 9, 13}};
    check_job(&job, make_world());
}

Test(cli_disk, distill_on_a_full_one)
{
    static const full_disk_test job = {
        "distill", "distill.yaml", {"model.safetensors", "metrics.csv"}, {2, 20}};
    check_job(&job, make_world());
}

Test(cli_disk, train_on_a_full_one)
{
    static const full_disk_test job = {
        "train", "train.yaml", {"model.safetensors", "metrics.csv"}, {8, 24}};
    check_job(&job, make_world());
}

Test(cli_disk, run_on_a_full_one)
{
    static const full_disk_test job = {
        "run", "run.yaml", {"store", "model.safetensors", "metrics.csv"}, {16}};
    check_job(&job, make_world());
}

Test(cli_disk, one_that_cannot_be_written)
{
    const char *small = make_world();
    rt_tiny_idx("a", 10);
    cr_assert(mount_disk(small, PLENTY));
    resize_disk(small, PLENTY, MS_RDONLY);
    const struct {
        const char *words[6];
    } rows[] = {
        {{"import", "idx", "a-images-idx3-ubyte", "--out", "small/store"}},
        {{"train", "train.yaml", "--out", "small/run"}},
        {{"generate", "generate.yaml", "--out", "small/run"}},
        {{"distill", "distill.yaml", "--out", "small/run"}},
        {{"run", "run.yaml", "--out", "small/run"}},
        {{"inspect", "store", "--png", "small/grid.png"}},
        {{"inspect", "store", "--npy", "small/arrays"}},
        {{"inspect", "store", "--png", "small/pictures"}},
    };
    for (size_t i = 0; i < RT_COUNT(rows); i++) {
        const char *const *w = rows[i].words;
        const rt_child *child = rt_test_retort_ends(2, w[0], w[1], w[2], w[3], w[4]);
        expect_message(child, "small/");
        expect_message(child, "Read-only file system; choose another place");
    }
    cr_assert_eq(umount(small), 0);
}

/* Where no disk can be mounted: a limit on the size of files, which any write may meet. */
Test(cli_disk, files_that_become_too_large)
{
    struct rlimit before, limit;
    rt_tiny_idx("a", 400);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    rt_test_retort_ends(0, "import", "idx", "a-images-idx3-ubyte", "--out", "whole");
    int failed = 0;
    const rt_child *child;
    for (rlim_t bytes = 1024;; bytes += 701) { /* at least what the message itself needs */
        limit = before;
        limit.rlim_cur = bytes;
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        child = rt_test_retort("import", "idx", "a-images-idx3-ubyte", "--out", "store", NULL);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
        if (child->code == 0) break;
        failed++;
        cr_assert_eq(child->code, 2, "%s", child->errors);
        expect_message(child, "would pass the limit on file sizes");
        cr_assert_neq(access(rt_test_path("store"), F_OK), 0);
        cr_assert_neq(access(rt_test_path("store.importing"), F_OK), 0);
    }
    cr_assert(rt_test_same(rt_test_path("whole"), rt_test_path("store"), "lock"));
    cr_assert_geq(failed, 10, "the limits were not small enough: the test is no test");
}
