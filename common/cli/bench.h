#ifndef RT_CLI_BENCH_H
#define RT_CLI_BENCH_H

/**
 * `retort bench`: what the parts of bench.c, bench_conv2d.c and bench_step.c share.
 */

#include "common/cli/command.h"
#include "common/graph/phase.h"

typedef struct rt_bench {
    rt_command *command;
    rt_device *device;
    uint32_t repeats;  ///< a figure is the median of so many
    const char *match; ///< measure only what has this in its name; NULL: all
    struct cJSON *results;
} rt_bench;

/** One figure. */
typedef struct rt_bench_result {
    const char *name;
    const char *part_of; ///< of this step: printed below it, "STEP/NAME" in the JSON; or NULL
    double seconds;      ///< median
    double flops;        ///< of one run; 0: does not count
    double bytes;        ///< of one run; 0: does not count
    double share;        ///< of the step's wall clock; 0: does not count
    const char *remark;  ///< shader or so; may be NULL
} rt_bench_result;

/** Adds an object {"name", "seconds", "gflops", ...} to the JSON, or prints a line. */
RT_CHECKED rt_status rt_bench_report(rt_bench *bench, const rt_bench_result *result);
/** Whether --match leaves `name` in. */
bool rt_bench_wants(const rt_bench *bench, const char *name);
/** Sorts `values` and returns the middle one (of two, the mean). */
double rt_bench_median(double *values, uint32_t count);
/** Keeps a GPU busy with steps of `phase` until its clocks are up: an idle one is several times
 *  slower, and stays so for some 0.2 s after work has come. Nothing on a CPU. */
RT_CHECKED rt_status rt_bench_warm_up(const rt_bench *bench, rt_phase *phase);
/** Uniform in [-1,1), a function of both. */
float rt_bench_number(uint64_t seed, uint64_t i);

/** The three passes of convolutions, over shapes of demos and papers. Each result is compared with
 *  plain sums in double at some places first. Errors: RT_ERROR_INTERNAL if one is wrong. */
RT_CHECKED rt_status rt_bench_conv2d(rt_bench *bench);
/** The synthesis step and the student step, operator by operator. */
RT_CHECKED rt_status rt_bench_step(rt_bench *bench);

#endif
