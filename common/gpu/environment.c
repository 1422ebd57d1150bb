/* The environment that lavapipe reads when the instance is made. The vector width is set because
 * the default of 256 bits costs a third of the speed where the CPU has 512 (docs/kernels.md), and
 * the shader cache gets a folder a width because the key of Mesa 22.3.6 does not hold the width:
 * code for 8 lanes would be run silently by a device that reports 16. */

#include "common/base/cache_folder.h"
#include "common/base/io.h"
#include "common/gpu/device_private.h"

#include <stdlib.h>
#include <string.h>
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

void rt_device_prepare_environment(void)
{
    choose_width();
    if (getenv("MESA_SHADER_CACHE_DIR") != NULL) return;
    rt_arena arena = {0};
    const char *folder = rt_cache_folder(&arena);
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
