#ifndef RT_OPS_CONV2D_TRIAL_H
#define RT_OPS_CONV2D_TRIAL_H

/**
 * One layer on a device, to try kernels on.
 *     RT_TRY(rt_conv2d_trial_create(&trial, device, &layer));
 *     RT_TRY_DONE(rt_conv2d_trial_check(trial, &choice, RT_CONV2D_FORWARD, &right));
 *     RT_TRY_DONE(rt_conv2d_trial_time(trial, &choice, RT_CONV2D_FORWARD, &seconds));
 */

#include "common/ops/conv2d_family.h"

typedef struct rt_conv2d_trial rt_conv2d_trial;

/** One measurement. */
typedef struct rt_conv2d_figure {
    rt_conv2d_choice choice;
    rt_conv2d_shape layer;
    rt_conv2d_pass pass;
    double seconds; ///< 0: the result is wrong
    bool chosen;    ///< for this pass of this layer; a race chooses for all at once
} rt_conv2d_figure;

/** The layer with as many images as a trial needs, at most those it has: some milliseconds of work
 *  on a CPU, enough to fill a GPU. What is fastest for these is taken for more of them. */
rt_conv2d_shape rt_conv2d_trial_layer(const rt_device *device, const rt_conv2d_shape *layer);

/** Memory and random values for a layer, zeros in padding channels. Errors: RT_ERROR_DEVICE. */
RT_CHECKED rt_status rt_conv2d_trial_create(rt_conv2d_trial **trial, rt_device *device,
                                            const rt_conv2d_shape *layer);
/** NULL is fine. */
void rt_conv2d_trial_free(rt_conv2d_trial *trial);

/** Whether a pass over a few of the images gives what the plain kernel gives. */
RT_CHECKED rt_status rt_conv2d_trial_check(rt_conv2d_trial *trial, const rt_conv2d_choice *choice,
                                           rt_conv2d_pass pass, bool *right);
/** Seconds of a pass over all images: the least of a few runs. Compiles first if a check has
 *  not. */
RT_CHECKED rt_status rt_conv2d_trial_time(rt_conv2d_trial *trial, const rt_conv2d_choice *choice,
                                          rt_conv2d_pass pass, double *seconds);

/** A program of one pass over all images, for rt_conv2d_trial_run. Ownership: the caller frees it
 *  before the trial. */
RT_CHECKED rt_status rt_conv2d_trial_record(rt_conv2d_trial *trial, const rt_conv2d_choice *choice,
                                            rt_conv2d_pass pass, rt_program **program);
/** Keeps a GPU busy with it until its clocks are up: an idle one is several times slower, and for
 *  0.2 s after work has come. Nothing on a CPU. */
RT_CHECKED rt_status rt_conv2d_trial_warm_up(rt_conv2d_trial *trial, rt_program *program);
/** Runs it once: seconds by the device's time stamps or, without them, the host's clock. */
RT_CHECKED rt_status rt_conv2d_trial_run(rt_conv2d_trial *trial, rt_program *program,
                                         double *seconds);

#endif
