#ifndef RT_OPS_CONV2D_CONTEST_H
#define RT_OPS_CONV2D_CONTEST_H

/**
 * Which of several ways to do one pass of one layer is fastest here. Each is compared with the
 * plain kernel once, then all run in turns: what else the machine does hits them alike. The least
 * of several runs counts. The best known stays unless another is clearly faster, and again so in a
 * final between the two.
 *     rt_conv2d_contest contest = {.work = work, .deadline = deadline};
 *     contest.choices[contest.count++] = ...;
 *     RT_TRY(rt_conv2d_contest_run(&contest, device));
 *     use(contest.choices[contest.winner]);
 */

#include "common/ops/conv2d_table.h"
#include "common/ops/conv2d_trial.h"

enum { RT_CONV2D_MOST_CHOICES = 48 };

typedef struct rt_conv2d_contest {
    rt_conv2d_work work;                              ///< its layer is one of rt_conv2d_trial_layer
    rt_conv2d_choice choices[RT_CONV2D_MOST_CHOICES]; ///< the best known first
    uint32_t count;
    double deadline; ///< of rt_seconds(): no kernel is compiled that may not be ready by then
    /** What compiling and checking a kernel may take: raised to the longest seen. */
    double check_seconds;
    /* Set by rt_conv2d_contest_run: */
    uint32_t winner;                        ///< `count` where every one was wrong
    bool complete;                          ///< none was left out for lack of time
    double seconds[RT_CONV2D_MOST_CHOICES]; ///< 0: wrong, or left out
} rt_conv2d_contest;

/** Only the best known runs where the time is short. Errors: RT_ERROR_DEVICE, RT_ERROR_MEMORY. */
RT_CHECKED rt_status rt_conv2d_contest_run(rt_conv2d_contest *contest, rt_device *device);

/** The position to use: the first that has a time (the best known), or the least of those that are
 *  at least 5 % faster; `count` where none has a time. */
uint32_t rt_conv2d_clearly_fastest(const double *seconds, uint32_t count);

#endif
