#include "common/base/io_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int call_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

rt_io_calls rt_io = {
    .open = call_open,
    .write = write,
    .read = read,
    .fsync = fsync,
    .close = close,
    .rename = rename,
    .unlink = unlink,
    .ftruncate = ftruncate,
};

int rt_io_open(const char *path, int flags)
{
    int file;
    do file = rt_io.open(path, flags | O_CLOEXEC, 0666); /* less the umask */
    while (file < 0 && errno == EINTR);
    return file;
}

int rt_io_write_all(int file, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    while (size > 0) {
        const ssize_t written = rt_io.write(file, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written == 0) errno = EIO;
        if (written <= 0) return -1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

ssize_t rt_io_read_all(int file, void *data, size_t size)
{
    uint8_t *bytes = data;
    size_t done = 0;
    while (done < size) {
        const ssize_t count = rt_io.read(file, bytes + done, size - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        if (count == 0) break;
        done += (size_t)count;
    }
    return (ssize_t)done;
}

int rt_io_truncate(int file, uint64_t size)
{
    int result;
    do result = rt_io.ftruncate(file, (off_t)size);
    while (result != 0 && errno == EINTR);
    return result;
}

int rt_io_close(int file)
{
    const int result = rt_io.close(file);
    return result != 0 && errno == EINTR ? 0 : result;
}

rt_status rt_fail_write(const char *path, int error, uint64_t needed)
{
    const unsigned long long bytes = needed;
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return rt_fail(RT_ERROR_IO, "disk full at '%s', %llu bytes needed; free some and go on",
                       path, bytes);
    case EFBIG:
        return rt_fail(RT_ERROR_IO,
                       "'%s' would pass the limit on file sizes, %llu bytes needed; raise the "
                       "limit (ulimit -f)",
                       path, bytes);
    case ENOENT:
    case ENOTDIR:
        return rt_fail(RT_ERROR_IO, "cannot write '%s': its folder does not exist; make it first",
                       path);
    case EACCES:
    case EPERM:
    case EROFS:
        return rt_fail(RT_ERROR_IO, "cannot write '%s': %s; choose another place", path,
                       strerror(error));
    default:
        return rt_fail(RT_ERROR_IO, "cannot write '%s': %s; check the disk", path, strerror(error));
    }
}
