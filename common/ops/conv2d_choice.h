#ifndef RT_OPS_CONV2D_CHOICE_H
#define RT_OPS_CONV2D_CHOICE_H

/**
 * Which kernels a process uses for a pass of a convolution. The first of these that says something:
 *   1. rt_conv2d_force (tests)
 *   2. the record of a run, given by rt_conv2d_keep: a resumed run repeats its bits
 *   3. the environment: RETORT_CONV2D=shuffle|shared|plain, or `untimed` for the best known that
 *      fits, or `cooperative` for float16 where the device can; no timing then
 *   4. the cache: a file for each device, driver, subgroup size and program version in the
 *      program's cache folder. One that cannot be read, or is of another device, is made anew
 *   5. timing: a race (conv2d_race.h) that finds, once a device, which families are worth it, which
 *      takes a second or two; then the candidates of those for each pass of each layer
 *      (conv2d_tuner.h), at most 30 s a process. The cache keeps what comes out
 * Choices are made together before a graph is recorded (rt_operator.prepare), and noted in the
 * run's record before anything depends on them.
 */

#include "common/ops/conv2d_record.h"
#include "common/ops/conv2d_tuner.h"

/** The kernels for a pass of a layer, on first use made as above. Errors: RT_ERROR_DEVICE, also
 *  where it has not what the environment asks for; RT_ERROR_INPUT for an unknown name in that;
 *  RT_ERROR_IO for a run's record. */
RT_CHECKED rt_status rt_conv2d_choose(rt_device *device, const rt_conv2d_shape *shape,
                                      rt_conv2d_pass pass, rt_conv2d_choice *choice);

/** Makes the choices for all of this work, which rt_conv2d_choose then finds made. */
RT_CHECKED rt_status rt_conv2d_prepare(rt_device *device, const rt_conv2d_work *work,
                                       uint32_t count);

/** Only this candidate of this family from now on: its last where a pass has fewer, another family
 *  where it has none. NULL: all choices are made anew on next use, as in a new process. */
void rt_conv2d_force(const rt_conv2d_family *family, uint32_t candidate);

/**
 * For runs, before their first kernel: takes the choices of the file `path`, or makes that file;
 * from here on new choices are written there.
 * Errors: RT_ERROR_INPUT for a file that is damaged or names kernels that this program does not
 *         have; RT_ERROR_IO; those of rt_conv2d_choose.
 */
RT_CHECKED rt_status rt_conv2d_keep(rt_device *device, const char *path);

/**
 * For `devices --tune`: forgets all choices, runs a race in which every family is timed in every
 * pass, and puts it into the cache. From here on this process times all work that it meets,
 * whatever the cache says and however long it takes, and reports each measurement.
 */
RT_CHECKED rt_status rt_conv2d_tune(rt_device *device, rt_conv2d_race *race,
                                    void (*report)(void *context, const rt_conv2d_figure *figure),
                                    void *context);

#endif
