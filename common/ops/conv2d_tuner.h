#ifndef RT_OPS_CONV2D_TUNER_H
#define RT_OPS_CONV2D_TUNER_H

/**
 * Finds the fastest kernels for a list of work, by a contest (conv2d_contest.h) for each item, the
 * heaviest first, within a number of seconds. What there is no time for gets the best known.
 *     rt_conv2d_tuner tuner = {.contenders = &contenders, .seconds = 30};
 *     rt_conv2d_tuner_run(&tuner, device, jobs, count);
 */

#include "common/ops/conv2d_contest.h"
#include "common/ops/conv2d_race.h"

/** Work to find kernels for. */
typedef struct rt_conv2d_job {
    rt_conv2d_work work; ///< its layer is one of rt_conv2d_trial_layer
    double share;        ///< of all the work that it is part of, 0..1
    /* Set by rt_conv2d_tuner_run: */
    rt_conv2d_choice choice;
    bool settled; ///< by a contest, or by there being no time for one: worth keeping, so that later
                  ///< processes do not spend time on it again
} rt_conv2d_job;

typedef struct rt_conv2d_tuner {
    const rt_conv2d_contenders *contenders;
    double seconds;  ///< still allowed, for all runs of this tuner; each run takes what it used
    bool everything; ///< also time work of a small share, and where there is no choice
    /** Told of each measurement, with `context`; may be NULL. */
    void (*report)(void *context, const rt_conv2d_figure *figure);
    void *context;
} rt_conv2d_tuner;

/** Sorts the jobs. Shows its progress. A contest that fails, for lack of memory, say, ends the
 *  timing and no more: the rest gets the best known. */
void rt_conv2d_tuner_run(rt_conv2d_tuner *tuner, rt_device *device, rt_conv2d_job *jobs,
                         uint32_t count);

/** What is taken without timing: the first contender that does it, else the first family. */
rt_conv2d_choice rt_conv2d_best_known(const rt_conv2d_contenders *contenders,
                                      const rt_device *device, const rt_conv2d_work *work);

#endif
