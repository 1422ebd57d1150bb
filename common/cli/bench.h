#ifndef RT_CLI_BENCH_H
#define RT_CLI_BENCH_H

/**
 * `retort bench`: what its parts share. bench.c is the command, bench_conv2d.c, bench_step.c and
 * bench_train.c measure one kind of thing each, bench_time.c times steps for the latter two.
 */

#include "common/cli/command.h"
#include "common/graph/phase.h"
#include "common/ops/conv2d_table.h"
#include "student/training.h"

typedef struct rt_bench {
    rt_command *command;
    rt_device *device;
    uint32_t repeats;    ///< a figure is the median of so many
    const char *match;   ///< measure only what has this in its name; NULL: all
    bool list_only;      ///< print names and measure nothing
    bool wall_only;      ///< of steps the wall clock alone, not operator by operator
    bool random_teacher; ///< the config's teacher gets random weights, its file is not read
    struct cJSON *results;
} rt_bench;

/** One figure. */
typedef struct rt_bench_result {
    const char *name;
    const char *part_of; ///< of this step: printed below it, "STEP/NAME" in the JSON; or NULL
    double seconds;      ///< median
    double flops;        ///< of one run; 0: does not count
    double bytes;        ///< of one run; 0: does not count
    double share;        ///< of the wall clock of the steps with time stamps; 0: does not count
    const char *remark;  ///< shader or so; may be NULL
} rt_bench_result;

/** Adds an object {"name", "seconds", "gflops", ...} to the JSON, or prints a line. */
RT_CHECKED rt_status rt_bench_report(rt_bench *bench, const rt_bench_result *result);
/** Whether `name` is to be measured: --match leaves it in. With --list it prints the name and says
 *  no. */
bool rt_bench_wants(const rt_bench *bench, const char *name);
/** Sorts `values` and returns the middle one (of two, the mean). */
double rt_bench_median(double *values, uint32_t count);
/** How long a device is kept busy before it is timed. An idle GPU is several times slower, and
 * stays so for some 0.2 s after work has come; so are, up to twice, the further cores of a virtual
 * machine after a time in which one alone compiled. */
#define RT_BENCH_WARM_UP_SECONDS 0.3
/** Runs steps of `phase`, whose inputs need no host, for that long. */
RT_CHECKED rt_status rt_bench_warm_up(rt_phase *phase);
/** Uniform in [-1,1), a function of both. */
float rt_bench_number(uint64_t seed, uint64_t i);

/** A step that is run again and again. */
typedef struct rt_bench_step {
    const char *name;
    void *state;
    rt_status (*create)(void *state, bool timestamps);
    void (*destroy)(void *state); ///< also after a create that failed
    /** Runs `steps` more; `seconds` are each one's from its submission to its end, or where the
     *  host works ahead, from end to end. */
    rt_status (*run)(void *state, uint32_t steps, double *seconds);
    rt_phase *(*phase)(void *state);
} rt_bench_step;

/** Times a step, unless --match leaves it out: the wall clock as in a real run, then, with time
 *  stamps, each operator's passes, their sum, and the wall clock of those steps. */
RT_CHECKED rt_status rt_bench_time_step(rt_bench *bench, const rt_bench_step *step);
/** For rt_bench_step.run: the training loop itself for `steps` steps. */
RT_CHECKED rt_status rt_bench_run_training(rt_training *training, const rt_sample_source *source,
                                           uint32_t steps, double *seconds);

/** The three passes of convolutions, over shapes of demos and papers. Each result is compared with
 *  plain sums in double at some places first. Errors: RT_ERROR_INTERNAL if one is wrong. */
RT_CHECKED rt_status rt_bench_conv2d(rt_bench *bench);
/** What it would measure. Ownership: the caller releases `*work` with rt_free. */
RT_CHECKED rt_status rt_bench_conv2d_work(rt_conv2d_work **work, uint32_t *count);
/** The synthesis step and the student step of the command's CONFIG; without one, those of the demo
 *  ("demo-...") and of the paper's Wide ResNets with 128 images ("wrn-..."). */
RT_CHECKED rt_status rt_bench_step_rows(rt_bench *bench);
/** Makes both steps of a run config and lets them go: `devices --tune`, which is what then chooses
 *  their kernels. */
RT_CHECKED rt_status rt_bench_make_steps(rt_bench *bench, const char *path);
/** A supervised training step of the command's ARCH on images like CIFAR-10's. */
RT_CHECKED rt_status rt_bench_train(rt_bench *bench);
/** The evaluation of 1,024 such images, or as many as --images says. */
RT_CHECKED rt_status rt_bench_evaluate(rt_bench *bench);

#endif
