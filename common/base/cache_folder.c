#include "common/base/cache_folder.h"

#include "common/base/io.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Others may write to /tmp: the folder must be ours alone, or it could hold their code. */
static bool make_private(const char *path)
{
    if (mkdir(path, 0700) != 0 && !rt_directory_exists(path)) return false;
    struct stat status;
    if (lstat(path, &status) != 0) return false;
    return S_ISDIR(status.st_mode) && status.st_uid == getuid() && (status.st_mode & 022) == 0;
}

const char *rt_cache_folder(rt_arena *arena)
{
    const char *cache = getenv("XDG_CACHE_HOME");
    if (cache != NULL && cache[0] == '/') return rt_path_join(arena, cache, "retort");
    const char *home = getenv("HOME");
    if (home != NULL && home[0] == '/') {
        const char *folder = rt_path_join(arena, home, ".cache");
        return folder != NULL ? rt_path_join(arena, folder, "retort") : NULL;
    }
    const char *folder = rt_arena_printf(arena, "/tmp/retort-%u", (unsigned)getuid());
    return folder != NULL && make_private(folder) ? folder : NULL;
}
