#include "common/base/io_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

rt_status rt_directory_sync(const char *path)
{
    const int file = rt_io_open(path, O_RDONLY | O_DIRECTORY);
    if (file < 0)
        return rt_fail(RT_ERROR_IO, "cannot open the folder '%s': %s", path, strerror(errno));
    /* EINVAL: a file system that has no such thing as syncing a folder */
    const bool synced = rt_io.fsync(file) == 0 || errno == EINVAL;
    const int error = errno;
    rt_io_close(file);
    if (synced) return RT_OK;
    return rt_fail(RT_ERROR_IO, "cannot sync the folder '%s': %s; check the disk", path,
                   strerror(error));
}

static rt_status create_one(const char *path)
{
    if (mkdir(path, 0777) == 0) return RT_OK;
    const int error = errno;
    if (rt_directory_exists(path)) return RT_OK; /* also when the parent is read-only */
    if (error == ENOSPC || error == EDQUOT) return rt_fail_write(path, error, 0);
    if (error == EEXIST || error == ENOTDIR)
        return rt_fail(RT_ERROR_IO, "cannot make the folder '%s': a file is in its place", path);
    return rt_fail(RT_ERROR_IO, "cannot make the folder '%s': %s; choose another place", path,
                   strerror(error));
}

rt_status rt_directory_create(const char *path)
{
    char *partial = rt_strdup(path);
    if (partial == NULL) return RT_ERROR_MEMORY;
    rt_status status = RT_OK;
    for (char *slash = strchr(partial + (*partial != 0), '/'); slash != NULL && status == RT_OK;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        status = create_one(partial);
        *slash = '/';
    }
    rt_free(partial);
    return status == RT_OK ? create_one(path) : status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Collects the names in `found`, an array of char *. */
static rt_status read_names(rt_arena *arena, const char *path, DIR *folder, rt_buffer *found)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL && errno != 0)
            return rt_fail(RT_ERROR_IO, "cannot read the folder '%s': %s", path, strerror(errno));
        if (entry == NULL) return RT_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        const char *name = rt_arena_strdup(arena, entry->d_name);
        if (name == NULL) return RT_ERROR_MEMORY;
        RT_TRY(rt_buffer_append(found, &name, sizeof name));
    }
}

rt_status rt_directory_list(rt_arena *arena, const char *path, char ***names, size_t *count)
{
    rt_status status = RT_OK;
    rt_buffer found = {0};
    DIR *folder = opendir(path);
    if (folder == NULL && (errno == ENOENT || errno == ENOTDIR))
        return rt_fail(RT_ERROR_INPUT, "no folder '%s'; check the path", path);
    if (folder == NULL)
        return rt_fail(RT_ERROR_IO, "cannot read the folder '%s': %s", path, strerror(errno));
    RT_TRY_DONE(read_names(arena, path, folder, &found));
    *count = found.size / sizeof **names;
    *names = rt_arena_alloc(arena, *count, sizeof **names);
    if (*names == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    if (*count > 0) memcpy(*names, found.data, found.size);
    qsort(*names, *count, sizeof **names, compare_names);
done:
    closedir(folder);
    rt_buffer_clear(&found);
    return status;
}

bool rt_directory_exists(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

char *rt_path_join(rt_arena *arena, const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const bool bare = length == 0 || folder[length - 1] == '/';
    return rt_arena_printf(arena, "%s%s%s", folder, bare ? "" : "/", name);
}
