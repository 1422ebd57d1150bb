#ifndef RT_OPS_CONV2D_RECORD_H
#define RT_OPS_CONV2D_RECORD_H

/**
 * A choice of kernels as a file: a run's `tuning.yaml` and the entries of the cache.
 *     device: "llvmpipe (LLVM 15.0.6, 512 bits)"
 *     driver: ...
 *     subgroup_size: 16
 *     program: 0.1.0
 *     conv2d: shuffle
 */

#include "common/gpu/device.h"

typedef struct rt_conv2d_record {
    const char *device, *driver, *program;
    uint32_t subgroup_size;
    const char *conv2d; ///< name of a family
} rt_conv2d_record;

/** What a choice for this device would be filed under; conv2d is NULL. Refers to the device. */
rt_conv2d_record rt_conv2d_record_for(const rt_device *device);
/** Whether both are of the same device, driver, subgroup size and program. */
bool rt_conv2d_record_matches(const rt_conv2d_record *record, const rt_conv2d_record *other);

/** Strings lie in `arena`. Errors: RT_ERROR_INPUT with file, line and key; RT_ERROR_IO. */
RT_CHECKED rt_status rt_conv2d_record_read(rt_conv2d_record *record, const char *path,
                                           rt_arena *arena);
/** Replaces the file, whole or not at all. Errors: RT_ERROR_IO. */
RT_CHECKED rt_status rt_conv2d_record_write(const rt_conv2d_record *record, const char *path);

/** The cache's file for this device, in `arena`; NULL if there is no cache folder. */
const char *rt_conv2d_record_cached_path(const rt_conv2d_record *record, rt_arena *arena);

#endif
