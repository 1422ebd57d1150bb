#ifndef RT_OPS_CONV2D_CACHE_H
#define RT_OPS_CONV2D_CACHE_H

/**
 * What timing found on a device, kept for other processes: a file in the program's cache folder for
 * each device, driver, subgroup size and program version. It may vanish or be damaged at any time.
 */

#include "common/ops/conv2d_record.h"

/** The plan in the cache; false (and an empty plan) if there is none that is whole and of this very
 *  device and program: why does not matter, a new one is made. Ownership: clear plan->table. */
bool rt_conv2d_cache_read(rt_conv2d_plan *plan, const rt_device *device);

/** Puts the contenders and the rows of `plan` into the cache, beside the rows that others put
 * there. A failure is logged and no more: another process takes the same time again. */
void rt_conv2d_cache_add(const rt_conv2d_plan *plan, const rt_device *device);

/** Its file, in `arena`; NULL if there is no cache folder. */
const char *rt_conv2d_cache_path(const rt_device *device, rt_arena *arena);

#endif
