/* Two writers (docs/reliability.md). */
#include "common/base/io.h"
#include "tests/base/support.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(base_io_lock, .timeout = 60);

enum { MAX_RACERS = 8 };

typedef struct outcome {
    pid_t pid;
    rt_status status;
    char message[256];
} outcome;

/* Tries for the lock once `start` closes, tells the outcome and holds on until `stop` closes. */
static void race(const char *path, int start, int report, int stop)
{
    char byte;
    rt_lock lock;
    outcome mine = {.pid = getpid()};
    (void)!read(start, &byte, 1);
    mine.status = rt_lock_take(&lock, path, "store 'syn'");
    rt_error_take(mine.message, sizeof mine.message);
    (void)!write(report, &mine, sizeof mine);
    (void)!read(stop, &byte, 1);
    _exit(0);
}

static void run_race(const char *path, int racers)
{
    int start[2], report[2], stop[2];
    cr_assert(pipe(start) == 0 && pipe(report) == 0 && pipe(stop) == 0);
    for (int i = 0; i < racers; i++) {
        const pid_t child = fork();
        cr_assert_geq(child, 0);
        if (child != 0) continue;
        close(start[1]);
        close(stop[1]);
        race(path, start[0], report[1], stop[0]);
    }
    close(start[1]);
    outcome outcomes[MAX_RACERS];
    pid_t winner = 0;
    int winners = 0;
    for (int i = 0; i < racers; i++) {
        cr_assert_eq(read(report[0], &outcomes[i], sizeof outcomes[i]), sizeof outcomes[i]);
        if (outcomes[i].status != RT_OK) continue;
        winner = outcomes[i].pid;
        winners++;
    }
    cr_assert_eq(winners, 1);
    char expected[256];
    snprintf(expected, sizeof expected,
             "store 'syn' is being written by process %ld; wait, or stop that process",
             (long)winner);
    for (int i = 0; i < racers; i++) {
        if (outcomes[i].status == RT_OK) continue;
        cr_assert_eq(outcomes[i].status, RT_ERROR_INPUT);
        cr_assert_str_eq(outcomes[i].message, expected);
    }
    close(stop[1]);
    for (int i = 0; i < racers; i++) wait(NULL);
    close(start[0]), close(report[0]), close(report[1]), close(stop[0]);
}

Test(base_io_lock, one_of_many_wins)
{
    /* The file of an earlier race stays, with a stale pid: the winners end without a release. */
    for (int i = 0; i < 40; i++) run_race(rt_test_path("lock"), 2);
    for (int i = 0; i < 10; i++) run_race(rt_test_path("lock"), MAX_RACERS);
}

Test(base_io_lock, a_killed_holder_frees_it)
{
    int ready[2];
    char byte;
    rt_lock lock;
    const char *path = rt_test_path("lock");
    cr_assert_eq(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        (void)!rt_lock_take(&lock, path, "store 'syn'");
        (void)!write(ready[1], "x", 1);
        for (;;) pause();
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_assert_eq(rt_lock_take(&lock, path, "store 'syn'"), RT_ERROR_INPUT);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    cr_assert_eq(rt_lock_take(&lock, path, "store 'syn'"), RT_OK);
    rt_lock_release(&lock);
}

Test(base_io_lock, a_stale_pid_does_not_block)
{
    rt_lock lock;
    char text[32];
    const char *path = rt_test_path("lock");
    snprintf(text, sizeof text, "%ld\n", (long)getppid()); /* alive, and not the holder */
    rt_test_write(path, text, strlen(text));
    cr_assert_eq(rt_lock_take(&lock, path, "store 'syn'"), RT_OK);
    snprintf(text, sizeof text, "%ld\n", (long)getpid());
    cr_assert(rt_test_holds(path, text, strlen(text)));
    rt_lock_release(&lock);
    cr_assert(rt_test_holds(path, "", 0)); /* never deleted */
    rt_lock_release(&lock);                /* not held: nothing */
    cr_assert_eq(rt_lock_take(&lock, path, "store 'syn'"), RT_OK);
    rt_lock_release(&lock);
}

Test(base_io_lock, a_holder_without_a_pid_is_told_without_one)
{
    rt_lock lock, other;
    const char *path = rt_test_path("lock");
    cr_assert_eq(rt_lock_take(&lock, path, "store 'syn'"), RT_OK);
    rt_test_write(path, "", 0);
    cr_assert_eq(rt_lock_take(&other, path, "store 'syn'"), RT_ERROR_INPUT);
    cr_assert_str_eq(rt_error_message(),
                     "store 'syn' is being written by another process; wait for it");
    cr_assert_eq(other.file, 0);
    rt_lock_release(&lock);
}

Test(base_io_lock, no_folder_no_lock)
{
    rt_lock lock;
    cr_assert_eq(rt_lock_take(&lock, rt_test_path("none/lock"), "store 'syn'"), RT_ERROR_IO);
    cr_assert_eq(lock.file, 0);
}
