#ifndef RT_OPS_CONV2D_RACE_H
#define RT_OPS_CONV2D_RACE_H

/**
 * Which families of kernels are fast on a device: a race over the passes of two layers, one of 16
 * channels and one of 64. Whoever is four times slower than the leader is out, so that a race is
 * short where the answer is plain, as on CPU drivers; nobody looks at a vendor's name.
 * Each runs its best known candidate; which candidate is best for a layer is found out later, among
 * those that are left (conv2d_tuner.h).
 * Every family is checked against the plain one before it is timed. A wrong one is out, and the
 * race is run again without it.
 *     rt_conv2d_race race = {.families = rt_conv2d_families, .count = rt_conv2d_family_count};
 *     RT_TRY(rt_conv2d_race_run(&race, device));
 *     use(race.contenders.families[0]);
 */

#include "common/ops/conv2d_trial.h"

enum { RT_CONV2D_ENTRANTS = 8, RT_CONV2D_LAYERS = 2 };
enum { RT_CONV2D_FIGURES = RT_CONV2D_ENTRANTS * RT_CONV2D_LAYERS * RT_CONV2D_PASSES };

/** Families that are worth timing in every layer, after a race at least one. */
typedef struct rt_conv2d_contenders {
    /** The fastest first; last those that do not do all passes of both layers. */
    const rt_conv2d_family *families[RT_CONV2D_ENTRANTS];
    uint32_t count;
} rt_conv2d_contenders;

typedef struct rt_conv2d_race {
    const rt_conv2d_family *const *families; ///< the plain one among them
    uint32_t count;                          ///< at most RT_CONV2D_ENTRANTS
    bool whole;                              ///< time every family in everything: `--tune`
    const rt_conv2d_shape *layers;           ///< NULL: the two of 16 and 64 channels
    uint32_t layer_count;                    ///< at most RT_CONV2D_LAYERS
    /* Set by rt_conv2d_race_run: */
    rt_conv2d_contenders contenders; ///< those that are not four times slower than the first
    uint32_t figure_count;
    rt_conv2d_figure figures[RT_CONV2D_FIGURES];
} rt_conv2d_race;

/** Errors: RT_ERROR_DEVICE. */
RT_CHECKED rt_status rt_conv2d_race_run(rt_conv2d_race *race, rt_device *device);
#endif
