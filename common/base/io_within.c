#include "common/base/io_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static rt_status fail_name(const char *name, const char *why)
{
    return rt_fail(RT_ERROR_INPUT, "'%s' is not read: %s", name, why);
}

static rt_status fail_step(const char *folder, const char *name, int error)
{
    switch (error) {
    case ELOOP:
        return fail_name(name, "it is a symbolic link, or lies behind one");
    case ENOENT:
        return rt_fail(RT_ERROR_INPUT, "there is no '%s' in '%s'", name, folder);
    case ENOTDIR: /* what O_DIRECTORY says of a link too */
        return fail_name(name, "what should be a folder on the way is none, or a symbolic link");
    case ENXIO:
        return fail_name(name, "it is no regular file");
    default:
        return rt_fail(RT_ERROR_IO,
                       "cannot read '%s' in '%s': %s; check its permissions and the "
                       "disk",
                       name, folder, strerror(error));
    }
}

static int open_at(int folder, const char *part, int flags)
{
    int file;
    do file = openat(folder, part, flags | O_CLOEXEC);
    while (file < 0 && errno == EINTR);
    return file;
}

/* The next part of a path, up to a '/' or the end. */
static rt_status take_part(const char *name, const char *at, char part[NAME_MAX + 1])
{
    const size_t length = strcspn(at, "/");
    if (length > NAME_MAX) return fail_name(name, "a part of the name is too long");
    memcpy(part, at, length);
    part[length] = '\0';
    if (length == 0 || strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
        return fail_name(name, "the name must be relative, without '.', '..' and empty parts");
    return RT_OK;
}

/* One descriptor after the other, so that nobody can put a link in where a check has passed. */
static rt_status open_within(int *file, const char *folder, const char *name)
{
    char part[NAME_MAX + 1];
    int at = open_at(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
    if (at < 0) return fail_step(folder, name, errno);
    for (const char *rest = name;;) {
        const rt_status status = take_part(name, rest, part);
        const bool last = strchr(rest, '/') == NULL;
        const int kind = last ? O_NONBLOCK : O_DIRECTORY; /* a FIFO must not make us wait */
        const int next = status == RT_OK ? open_at(at, part, O_RDONLY | O_NOFOLLOW | kind) : -1;
        const int error = errno;
        rt_io_close(at);
        if (status != RT_OK) return status;
        if (next < 0) return fail_step(folder, name, error);
        at = next;
        if (last) break;
        rest = strchr(rest, '/') + 1;
    }
    *file = at;
    return RT_OK;
}

static rt_status check_part(int file, const char *name, uint64_t offset, uint64_t size)
{
    struct stat about;
    uint64_t end;
    if (fstat(file, &about) != 0)
        return rt_fail(RT_ERROR_IO, "cannot read '%s': %s", name, strerror(errno));
    if (!S_ISREG(about.st_mode)) return fail_name(name, "it is no regular file");
    if (about.st_nlink != 1) /* the other name may lie anywhere */
        return fail_name(name, "it has a second name (a hard link); copy it");
    if (__builtin_add_overflow(offset, size, &end) || end > (uint64_t)about.st_size)
        return rt_fail(RT_ERROR_INPUT, "'%s' has %llu bytes, and %llu from byte %llu are asked for",
                       name, (unsigned long long)about.st_size, (unsigned long long)size,
                       (unsigned long long)offset);
    return RT_OK;
}

static rt_status read_part(rt_buffer *bytes, int file, const char *name, uint64_t offset,
                           uint64_t size)
{
    RT_TRY(check_part(file, name, offset, size)); /* before memory is taken */
    RT_TRY(rt_buffer_reserve(bytes, size + 1));
    ssize_t count = -1;
    if (lseek(file, (off_t)offset, SEEK_SET) >= 0) count = rt_io_read_all(file, bytes->data, size);
    if (count < 0)
        return rt_fail(RT_ERROR_IO, "cannot read '%s': %s; check the disk", name, strerror(errno));
    if ((uint64_t)count != size)
        return rt_fail(RT_ERROR_IO, "'%s' became shorter while it was read; start again", name);
    bytes->size = size;
    bytes->data[size] = 0;
    return RT_OK;
}

rt_status rt_file_read_within(rt_buffer *bytes, const char *folder, const char *name,
                              uint64_t offset, uint64_t size)
{
    int file;
    rt_buffer_clear(bytes);
    RT_TRY(open_within(&file, folder, name));
    const rt_status status = read_part(bytes, file, name, offset, size);
    rt_io_close(file);
    if (status != RT_OK) rt_buffer_clear(bytes);
    return status;
}
