#ifndef RT_BASE_CACHE_FOLDER_H
#define RT_BASE_CACHE_FOLDER_H

/**
 * The folder for what the program can make again: compiled shaders, the choice of kernels.
 * $XDG_CACHE_HOME/retort, else ~/.cache/retort, else /tmp/retort-UID.
 */

#include "common/base/memory.h"

/** Its path in `arena`, NULL if there is none. It need not exist yet; one in /tmp does, and is
 *  this user's alone. */
const char *rt_cache_folder(rt_arena *arena);

#endif
