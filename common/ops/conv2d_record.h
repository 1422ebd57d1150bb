#ifndef RT_OPS_CONV2D_RECORD_H
#define RT_OPS_CONV2D_RECORD_H

/**
 * A choice of kernels as a file: a run's `tuning.yaml` and the cache.
 *     device: "llvmpipe (LLVM 15.0.6, 512 bits)"
 *     driver: ...
 *     subgroup_size: 16
 *     program: 0.1.0
 *     conv2d: [shuffle]
 *     timed: true
 *     layers:
 *       - "64x32x32 16->32 3x3 stride 1 padding 1 forward: shuffle 2"
 */

#include "common/base/config.h"
#include "common/ops/conv2d_race.h"
#include "common/ops/conv2d_table.h"

/** What a process goes by. `= {0}` is a valid empty one. */
typedef struct rt_conv2d_plan {
    rt_conv2d_contenders contenders; ///< the first one's best known does what no row is about
    bool timed;                      ///< work that has no row yet may be timed, to choose for it
    rt_conv2d_table table;           ///< owned
} rt_conv2d_plan;

typedef struct rt_conv2d_record {
    const char *device, *driver, *program;
    uint32_t subgroup_size;
    rt_config_strings conv2d; ///< names of families
    bool timed;
    rt_config_strings layers; ///< lines of a table
} rt_conv2d_record;

/** What a choice for this device would be filed under, without a choice. Refers to the device. */
rt_conv2d_record rt_conv2d_record_for(const rt_device *device);
/** Whether both are of the same device, driver, subgroup size and program. */
bool rt_conv2d_record_matches(const rt_conv2d_record *record, const rt_conv2d_record *other);

/** Strings lie in `arena`. Errors: RT_ERROR_INPUT with file, line and key; RT_ERROR_IO. */
RT_CHECKED rt_status rt_conv2d_record_read(rt_conv2d_record *record, const char *path,
                                           rt_arena *arena);
/** Replaces the file, whole or not at all. Errors: RT_ERROR_IO. */
RT_CHECKED rt_status rt_conv2d_record_write(const rt_conv2d_record *record, const char *path);

/** Writes a plan for this device; as above. */
RT_CHECKED rt_status rt_conv2d_plan_write(const rt_conv2d_plan *plan, const rt_device *device,
                                          const char *path);
/** The plan of a record that was read from `path`, for a device. Errors: RT_ERROR_INPUT if it names
 *  kernels that this program or this device does not have. Ownership: clear plan->table. */
RT_CHECKED rt_status rt_conv2d_plan_read(rt_conv2d_plan *plan, const rt_device *device,
                                         const rt_conv2d_record *record, const char *path);

#endif
