#ifndef RT_BASE_RUN_DIRECTORY_H
#define RT_BASE_RUN_DIRECTORY_H

/**
 * The folder of one run: config.yaml (resolved), tuning.yaml (the kernels it uses), metrics.csv
 * (read back by common/base/metrics.h), seconds.yaml (common/base/run_clock.h),
 * checkpoint.safetensors, samples/, model.safetensors, summary.json. One process at a time (a
 * lock), and metrics.csv can be cut back to what the checkpoint knows.
 *     RT_TRY(rt_run_open(&run, out, resume, &yaml));
 *     RT_TRY_DONE(rt_run_metrics(&run, "step,loss", "%u,%.6g", step, loss));
 *     rt_run_close(&run);
 */

#include "common/base/io.h"

typedef struct rt_run_directory {
    rt_arena arena;
    const char *path;
    const char *checkpoint;  ///< path/checkpoint.safetensors
    const char *model;       ///< path/model.safetensors
    const char *summary;     ///< path/summary.json
    const char *metrics;     ///< path/metrics.csv
    const char *rolled_back; ///< path/rolled_back.txt: that it went back once (cli/roll_back.h)
    uint64_t metrics_bytes;  ///< size of metrics.csv so far
    rt_lock lock;
} rt_run_directory;

/**
 * Makes the folder or goes on in it; writes config.yaml where the run is new. There is a run once
 * it has a checkpoint or a model: a command that fails before (a path mistyped) can be repeated.
 * Errors: RT_ERROR_INPUT if `path` is NULL, if a run is there and `resume` is false, or if another
 * process works in it (names its pid).
 */
RT_CHECKED rt_status rt_run_open(rt_run_directory *run, const char *path, bool resume,
                                 const rt_buffer *config_yaml);
/** Releases; a zeroed one is fine. */
void rt_run_close(rt_run_directory *run);
/** Whether there is a checkpoint to go on from. */
bool rt_run_has_checkpoint(const rt_run_directory *run);
/** The error of work that a signal ended, with how to go on. Call it when the checkpoint is there.
 */
rt_status rt_run_interrupted(const rt_run_directory *run);
/** Appends a row; `header` is written first where the file is new. */
RT_CHECKED rt_status rt_run_metrics(rt_run_directory *run, const char *header, const char *format,
                                    ...) __attribute__((format(printf, 3, 4)));
/** Brings all rows so far to the disk: before a checkpoint that counts them, or a power cut could
 *  leave fewer than it knows. */
RT_CHECKED rt_status rt_run_metrics_sync(const rt_run_directory *run);
/** Drops the rows behind the first `bytes`: those of steps that will be made again. */
RT_CHECKED rt_status rt_run_metrics_cut(rt_run_directory *run, uint64_t bytes);
/** "path/name" in the run's arena. */
char *rt_run_path(rt_run_directory *run, const char *name);

#endif
