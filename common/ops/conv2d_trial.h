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

/** Memory and random values for a layer; its channels are multiples of 4. Errors:
 *  RT_ERROR_DEVICE. */
RT_CHECKED rt_status rt_conv2d_trial_create(rt_conv2d_trial **trial, rt_device *device,
                                            const rt_conv2d_shape *layer);
/** NULL is fine. */
void rt_conv2d_trial_free(rt_conv2d_trial *trial);

/** Whether a pass over a few of the images gives what the plain kernel gives. */
RT_CHECKED rt_status rt_conv2d_trial_check(rt_conv2d_trial *trial, const rt_conv2d_choice *choice,
                                           rt_conv2d_pass pass, bool *right);
/** Seconds of a pass over all images: the least of a few runs, by the device's time stamps or,
 *  without them, the host's clock. Compiles first if a check has not. */
RT_CHECKED rt_status rt_conv2d_trial_time(rt_conv2d_trial *trial, const rt_conv2d_choice *choice,
                                          rt_conv2d_pass pass, double *seconds);

#endif
