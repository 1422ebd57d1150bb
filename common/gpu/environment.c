/* The environment that lavapipe reads when the instance is made. The vector width is set because
 * the default of 256 bits costs a third of the speed where the CPU has 512 (docs/kernels.md), and
 * the shader cache gets a folder a width because the key of Mesa 22.3.6 does not hold the width:
 * code for 8 lanes would be run silently by a device that reports 16. */

#include "common/base/io.h"
#include "common/gpu/device_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void choose_width(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) setenv("LP_NATIVE_VECTOR_WIDTH", "512", 0);
#endif
}

/* A user's own text may be anything: only digits go into a folder's name. */
static const char *width_name(void)
{
    const char *width = getenv("LP_NATIVE_VECTOR_WIDTH");
    if (width == NULL || width[0] == '\0' || strlen(width) > 8) return "default";
    return strspn(width, "0123456789") == strlen(width) ? width : "default";
}

/* Others may write to /tmp: the folder must be ours alone, or it could hold their code. */
static bool make_private(const char *path)
{
    if (mkdir(path, 0700) != 0 && !rt_directory_exists(path)) return false;
    struct stat status;
    if (lstat(path, &status) != 0) return false;
    return S_ISDIR(status.st_mode) && status.st_uid == getuid() && (status.st_mode & 022) == 0;
}

/* The folder that holds the folders of all widths; NULL if there is none. */
static const char *cache_folder(rt_arena *arena)
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

void rt_device_prepare_environment(void)
{
    choose_width();
    if (getenv("MESA_SHADER_CACHE_DIR") != NULL) return;
    rt_arena arena = {0};
    const char *folder = cache_folder(&arena);
    const char *shaders =
        folder != NULL ? rt_arena_printf(&arena, "%s/shaders-%s", folder, width_name()) : NULL;
    if (shaders != NULL && rt_directory_create(shaders) == RT_OK &&
        access(shaders, W_OK | X_OK) == 0) {
        setenv("MESA_SHADER_CACHE_DIR", shaders, 1);
    } else {
        /* Slower, but right: the common folder could hold code of another width. */
        setenv("MESA_SHADER_CACHE_DISABLE", "true", 0);
    }
    rt_arena_clear(&arena);
}
