#ifndef RT_NN_WEIGHT_NAMES_H
#define RT_NN_WEIGHT_NAMES_H

/**
 * The many names of one tensor. Programs that train the same networks name their layers
 * differently: what torchvision calls "layer2.0.downsample.0" is "layer2.0.shortcut.0" elsewhere,
 * and here. A list of rules rewrites one name into another; whether the result is meant is decided
 * by the network that has, or has not, a parameter of that name and shape.
 *     RT_TRY(rt_weights_fit(&fit, &arena, &weights, rt_network_parameters(network)));
 *     RT_TRY(rt_fit_check(&fit)); // fit.entries[row] is the tensor of parameter `row`
 */

#include "common/formats/weights.h"
#include "common/graph/parameters.h"

enum { RT_NAME_SIZE = 1280, RT_NAME_NUMBERS = 4 }; ///< a name of 1,024 bytes may grow a little

/**
 * Whether `name` is of the form of `pattern`, in which each # stands for a number below 10,000.
 * The numbers go into `numbers`.
 */
bool rt_name_matches(const char *pattern, const char *name, uint32_t numbers[RT_NAME_NUMBERS]);

/** How many rules there are to rewrite a name. */
size_t rt_name_rule_count(void);
/** Rewrites `name` (at most 1,024 bytes) by one rule; false if the rule is about other names. */
bool rt_name_rewrite(size_t rule, const char *name, char rewritten[RT_NAME_SIZE]);

/** Whether a tensor says nothing of what a network computes: counters of batches, and what
 * profilers leave behind. */
bool rt_name_is_ignored(const char *name);

/** Which tensor is which parameter. All that does not fit is counted, and the first of a kind kept.
 */
typedef struct rt_fit {
    const rt_weights_entry **entries; ///< one a row of the parameters; NULL: missing; in the arena
    uint32_t row_count, fitting;      ///< fitting: there, and of the right shape
    uint32_t missing_count, reshaped_count, unknown_count;
    const char *missing;  ///< the first parameter without a tensor
    const char *reshaped; ///< the first tensor of another shape than its parameter
    const char *unknown;  ///< the first tensor that is no parameter
} rt_fit;

RT_CHECKED rt_status rt_weights_fit(rt_fit *fit, rt_arena *arena, const rt_weights *weights,
                                    const rt_parameters *parameters);
/** RT_ERROR_INPUT naming the first tensor that does not fit, unless all do. */
RT_CHECKED rt_status rt_fit_check(const rt_fit *fit);
/** Whether every parameter has its tensor and every tensor its parameter. */
bool rt_fit_is_whole(const rt_fit *fit);

#endif
