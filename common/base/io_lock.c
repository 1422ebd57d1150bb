#include "common/base/io_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* The pid in the lock file, 0 if there is none (yet) or its process is gone. It serves the message
 * only: who holds the lock is the kernel's business, so a stale pid never blocks anyone. */
static long holder_pid(int file)
{
    char text[32] = {0};
    if (lseek(file, 0, SEEK_SET) != 0 || rt_io_read_all(file, text, sizeof text - 1) <= 0) return 0;
    const long pid = strtol(text, NULL, 10);
    const bool alive = pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
    return alive ? pid : 0;
}

static rt_status fail_held(int file, const char *what)
{
    /* The holder may be between taking the lock and writing its pid: give it a moment. */
    const struct timespec moment = {.tv_nsec = 2000000};
    long pid = holder_pid(file);
    for (int i = 0; i < 100 && pid == 0; i++) {
        nanosleep(&moment, NULL);
        pid = holder_pid(file);
    }
    if (pid == 0)
        return rt_fail(RT_ERROR_INPUT, "%s is being written by another process; wait for it", what);
    return rt_fail(RT_ERROR_INPUT, "%s is being written by process %ld; wait, or stop that process",
                   what, pid);
}

rt_status rt_lock_take(rt_lock *lock, const char *path, const char *what)
{
    *lock = (rt_lock){0};
    const int file = rt_io_open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) return rt_fail_write(path, errno, 0);
    int locked;
    do locked = flock(file, LOCK_EX | LOCK_NB);
    while (locked != 0 && errno == EINTR);
    if (locked != 0) {
        const rt_status status = errno == EWOULDBLOCK ? fail_held(file, what)
                                                      : rt_fail(RT_ERROR_IO, "cannot lock '%s': %s",
                                                                path, strerror(errno));
        rt_io_close(file);
        return status;
    }
    char text[32];
    const int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* Best effort, even on a full disk: the lock holds without it. */
    if (rt_io_truncate(file, 0) == 0) (void)!rt_io_write_all(file, text, (size_t)length);
    lock->file = file + 1;
    return RT_OK;
}

void rt_lock_release(rt_lock *lock)
{
    if (lock->file == 0) return;
    rt_io_truncate(lock->file - 1, 0); /* while the lock holds: the next holder's pid stays */
    rt_io_close(lock->file - 1);
    lock->file = 0;
}
