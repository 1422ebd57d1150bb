#include "common/base/io_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static rt_status fail_open(const char *path, int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        return rt_fail(RT_ERROR_INPUT, "no file '%s'; check the path", path);
    case ENXIO: /* a socket, or a device without its hardware */
    case ELOOP:
        return rt_fail(RT_ERROR_INPUT, "'%s' is not a regular file; name another", path);
    default:
        return rt_fail(RT_ERROR_IO, "cannot read '%s': %s; check its permissions and the disk",
                       path, strerror(error));
    }
}

/* Reads an open file whose size is asked once: it bounds the allocation and the read. */
static rt_status read_open(rt_buffer *bytes, int file, const char *path, uint64_t limit)
{
    struct stat about;
    if (fstat(file, &about) != 0) return fail_open(path, errno);
    if (!S_ISREG(about.st_mode))
        return rt_fail(RT_ERROR_INPUT, "'%s' is not a regular file; name another", path);
    const uint64_t size = (uint64_t)about.st_size;
    if (size > limit)
        return rt_fail(RT_ERROR_INPUT, "'%s' has %llu bytes, more than the %llu allowed", path,
                       (unsigned long long)size, (unsigned long long)limit);
    RT_TRY(rt_buffer_reserve(bytes, (size_t)size + 1));
    const ssize_t count = rt_io_read_all(file, bytes->data, (size_t)size);
    if (count < 0) return fail_open(path, errno == ENOENT ? EIO : errno);
    if ((uint64_t)count != size)
        return rt_fail(RT_ERROR_IO, "'%s' became shorter while it was read; start again", path);
    bytes->size = (size_t)size;
    bytes->data[bytes->size] = 0;
    return RT_OK;
}

rt_status rt_file_read(rt_buffer *bytes, const char *path, uint64_t limit)
{
    rt_buffer_clear(bytes);
    const int file = rt_io_open(path, O_RDONLY | O_NONBLOCK); /* a FIFO must not make us wait */
    if (file < 0) return fail_open(path, errno);
    const rt_status status = read_open(bytes, file, path, limit);
    rt_io_close(file); /* nothing was written: a failure loses nothing */
    if (status != RT_OK) rt_buffer_clear(bytes);
    return status;
}

/* Writes, syncs and closes a new file. On failure `errno` is that of the first call that failed. */
static int write_new(const char *path, const void *data, size_t size)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    int file = rt_io_open(path, flags);
    if (file < 0 && errno == EEXIST) { /* left by a process that was killed and had our pid */
        rt_io.unlink(path);
        file = rt_io_open(path, flags);
    }
    if (file < 0) return -1;
    const bool synced = rt_io_write_all(file, data, size) == 0 && rt_io.fsync(file) == 0;
    const int error = errno;
    const bool closed = rt_io_close(file) == 0;
    if (!synced) errno = error;
    return synced && closed ? 0 : -1;
}

static rt_status sync_parent(const char *path)
{
    rt_arena arena = {0};
    const char *slash = strrchr(path, '/');
    const char *folder = ".";
    if (slash != NULL)
        folder = rt_arena_printf(&arena, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    const rt_status status = folder != NULL ? rt_directory_sync(folder) : RT_ERROR_MEMORY;
    rt_arena_clear(&arena);
    return status;
}

static rt_status refuse_special(const char *path)
{
    struct stat about; /* lstat: a symbolic link is itself replaced, as by mv */
    if (lstat(path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISLNK(about.st_mode))
        return rt_fail(RT_ERROR_IO, "cannot write '%s': it is not a regular file; name another",
                       path);
    return RT_OK;
}

rt_status rt_file_replace(const char *path, const void *data, size_t size)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    bool renamed = false;
    const char *temporary = rt_arena_printf(&arena, "%s.%ld.tmp", path, (long)getpid());
    if (temporary == NULL) return RT_ERROR_MEMORY;
    RT_TRY_DONE(refuse_special(path));
    if (write_new(temporary, data, size) != 0) RT_TRY_DONE(rt_fail_write(path, errno, size));
    if (rt_io.rename(temporary, path) != 0) RT_TRY_DONE(rt_fail_write(path, errno, size));
    renamed = true;
    RT_TRY_DONE(sync_parent(path)); /* or a power cut may lose the name */
done:
    if (status != RT_OK && !renamed) rt_io.unlink(temporary);
    rt_arena_clear(&arena);
    return status;
}

/* Opens a regular file for writing; -1 with the message set. */
static int open_regular(const char *path, int flags, uint64_t *size, uint64_t needed)
{
    const int file = rt_io_open(path, O_WRONLY | O_NONBLOCK | flags);
    if (file < 0) {
        (void)rt_fail_write(path, errno, needed);
        return -1;
    }
    struct stat about;
    if (fstat(file, &about) == 0 && S_ISREG(about.st_mode)) {
        *size = (uint64_t)about.st_size;
        return file;
    }
    (void)rt_fail(RT_ERROR_IO, "cannot write '%s': it is not a regular file; name another", path);
    rt_io_close(file);
    return -1;
}

rt_status rt_file_append(const char *path, const void *data, size_t size)
{
    rt_status status = RT_OK;
    uint64_t before;
    const int file = open_regular(path, O_APPEND | O_CREAT, &before, size);
    if (file < 0) return RT_ERROR_IO;
    if (rt_io_write_all(file, data, size) != 0) {
        status = rt_fail_write(path, errno, size);
        rt_io_truncate(file, before); /* no half line stays; if this fails too, the first counts */
    }
    if (rt_io_close(file) != 0 && status == RT_OK) status = rt_fail_write(path, errno, size);
    return status;
}

rt_status rt_file_truncate(const char *path, uint64_t size)
{
    rt_status status = RT_OK;
    uint64_t before;
    const int file = open_regular(path, 0, &before, 0);
    if (file < 0) return RT_ERROR_IO;
    if (before < size)
        status = rt_fail(RT_ERROR_INPUT, "'%s' has %llu bytes, fewer than the %llu to keep", path,
                         (unsigned long long)before, (unsigned long long)size);
    else if (rt_io_truncate(file, size) != 0 || rt_io.fsync(file) != 0)
        status = rt_fail_write(path, errno, 0);
    if (rt_io_close(file) != 0 && status == RT_OK) status = rt_fail_write(path, errno, 0);
    return status;
}

rt_status rt_file_remove(const char *path)
{
    if (rt_io.unlink(path) == 0 || errno == ENOENT) return RT_OK;
    return rt_fail(RT_ERROR_IO, "cannot remove '%s': %s", path, strerror(errno));
}

rt_status rt_file_rename(const char *from, const char *to)
{
    if (rt_io.rename(from, to) == 0) return RT_OK;
    return rt_fail(RT_ERROR_IO, "cannot rename '%s' to '%s': %s", from, to, strerror(errno));
}

bool rt_file_exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}
