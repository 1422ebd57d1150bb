#ifndef RT_STUDENT_TRAINING_H
#define RT_STUDENT_TRAINING_H

/**
 * The training loop of the student stage: batches from a sample source, the losses of a recipe,
 * SGD.
 *     RT_TRY(rt_training_create(&training, &setup));
 *     RT_TRY_DONE(rt_training_run(training, &source, until, &listener)); // as often as needed
 *     rt_training_free(training);
 * The network's parameters change in place. Everything that a run needs to go on is in the
 * network, in rt_training_save, and in the position of the source.
 */

#include "common/formats/safetensors.h"
#include "common/graph/phase.h"
#include "datasets/sample_source.h"
#include "student/optimiser_config.h"
#include "student/recipe.h"

typedef struct rt_training rt_training;

typedef struct rt_augmentation {
    uint32_t padding; ///< random crop after zero padding by so many pixels
    bool flip;        ///< random horizontal flip
} rt_augmentation;

typedef struct rt_training_setup {
    rt_device *device;
    rt_network *student; ///< allocated
    const rt_recipe *recipe;
    const void *recipe_options;
    uint32_t batch_size; ///< samples a step
    uint32_t views;      ///< augmented copies of each, drawn independently; at least 1
    rt_augmentation augmentation;
    bool stored_logits; ///< the recipe gets the store's teacher logits; needs 1 view, unchanged
    rt_optimiser_config optimiser;
    uint64_t steps; ///< of the whole schedule
    uint64_t seed;
    bool timestamps;
} rt_training_setup;

/** Builds, plans, records. The networks must outlive the training. */
RT_CHECKED rt_status rt_training_create(rt_training **training, const rt_training_setup *setup);
void rt_training_free(rt_training *training);

/** What a finished step tells. */
typedef struct rt_training_step {
    uint64_t step; ///< 0, 1, ...
    float loss;
    const float *terms; ///< as in rt_training_terms
} rt_training_step;

typedef struct rt_training_listener {
    void *state;
    /** Called after every step, in order; a failure ends the run. May be NULL. */
    rt_status (*step_done)(void *state, const rt_training_step *step);
} rt_training_listener;

/**
 * Trains from the present step to step `until` (not included). Batches are taken from the source's
 * present position, one a step.
 * Errors: RT_ERROR_NUMERIC naming the step and the first term that is not finite;
 * RT_ERROR_INTERRUPTED after a signal, with the step under way finished.
 */
RT_CHECKED rt_status rt_training_run(rt_training *training, const rt_sample_source *source,
                                     uint64_t until, const rt_training_listener *listener);

/** Steps done so far. */
uint64_t rt_training_step_count(const rt_training *training);
/** Seconds in which the device may have been idle because the next batch was not there (at most).
 */
double rt_training_wait_seconds(const rt_training *training);
const rt_loss_terms *rt_training_terms(const rt_training *training);
rt_phase *rt_training_phase(rt_training *training);
/** Numbers that the student trains. */
uint64_t rt_training_parameter_count(const rt_training *training);

/** Adds what the training remembers (weights, momenta, step) to a checkpoint; prefix "student.". */
RT_CHECKED rt_status rt_training_save(rt_training *training, rt_safetensors_writer *writer,
                                      rt_arena *arena);
RT_CHECKED rt_status rt_training_load(rt_training *training, const rt_safetensors *checkpoint);

#endif
