#ifndef RT_OPS_CONV2D_CHOICE_H
#define RT_OPS_CONV2D_CHOICE_H

/**
 * Which kernels a process uses for a pass of a convolution: one family for all layers that it fits,
 * chosen once a device, and its best known candidate. The first of these that says something:
 *   1. rt_conv2d_force (tests)
 *   2. the record of a run, given by rt_conv2d_keep: a resumed run repeats its bits
 *   3. the environment: RETORT_CONV2D=shuffle|shared|plain, or `untimed` for the best known that
 *      fits; no timing then
 *   4. the cache: a file for each device, driver, subgroup size and program version in the
 *      program's cache folder. One that cannot be read, or is of another device, is made anew
 *   5. a race (conv2d_race.h), which takes a second or two; the cache keeps its result
 */

#include "common/ops/conv2d_race.h"

/** The kernels for a pass of a layer, on first use made as above. Errors: RT_ERROR_DEVICE;
 * RT_ERROR_INPUT for an unknown name in the environment. */
RT_CHECKED rt_status rt_conv2d_choose(rt_device *device, const rt_conv2d_shape *shape,
                                      rt_conv2d_pass pass, rt_conv2d_choice *choice);

/** Only this candidate of this family from now on: its last where a pass has fewer, another family
 *  where it has none. NULL: the choice is made anew on next use. */
void rt_conv2d_force(const rt_conv2d_family *family, uint32_t candidate);

/**
 * For runs, before their first kernel: takes the family that the file `path` names, or, where there
 * is no such file, makes the choice and writes it there.
 * Errors: RT_ERROR_INPUT for a file that is damaged or names kernels that this program does not
 *         have; RT_ERROR_IO; those of rt_conv2d_choose.
 */
RT_CHECKED rt_status rt_conv2d_keep(rt_device *device, const char *path);

/** Runs a race in which every family is timed in every pass, and puts the winner into the cache.
 *  This process goes on as it was. */
RT_CHECKED rt_status rt_conv2d_tune(rt_device *device, rt_conv2d_race *race);

#endif
