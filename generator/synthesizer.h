#ifndef RT_GENERATOR_SYNTHESIZER_H
#define RT_GENERATOR_SYNTHESIZER_H

/**
 * Synthesis rounds: a generator and its latent vectors are trained against the teacher (and a
 * student as critic), and the best batch of the round goes into a store.
 *     RT_TRY(rt_synthesizer_create(&synthesizer, &setup));
 *     RT_TRY_DONE(rt_synthesizer_round(synthesizer, round, store, &listener));
 *     rt_synthesizer_free(synthesizer);
 * A round is a function of the seed, its number, the networks' weights, and (warm start) what
 * rt_synthesizer_save keeps.
 */

#include "common/formats/safetensors.h"
#include "common/graph/phase.h"
#include "datasets/store.h"
#include "generator/methods/method.h"
#include "generator/network.h"
#include "generator/round_measures.h"

typedef struct rt_synthesizer rt_synthesizer;

typedef struct rt_synthesizer_setup {
    rt_device *device;
    rt_network *teacher;        ///< frozen
    const char *teacher_sha256; ///< of its file's data; kept, not copied
    rt_network *student; ///< frozen here, may be trained elsewhere between rounds; NULL: none
    const char *student_sha256; ///< of a critic that stays as it is: a resumed run must have the
                                ///< same; NULL: none, or it is trained on; kept, not copied
    const rt_synthesis_config *config;
    uint64_t seed;
    bool timestamps;
} rt_synthesizer_setup;

/** Builds, plans, records. The networks must outlive the synthesiser; the config is copied. */
RT_CHECKED rt_status rt_synthesizer_create(rt_synthesizer **synthesizer,
                                           const rt_synthesizer_setup *setup);
void rt_synthesizer_free(rt_synthesizer *synthesizer);

/** What a finished step tells. */
typedef struct rt_synthesis_step {
    uint32_t round, step; ///< step of the round
    float loss;
    const float *terms; ///< as in rt_synthesizer_terms
} rt_synthesis_step;

typedef struct rt_synthesis_listener {
    void *state;
    /** Called after every step, in order; a failure ends the round. May be NULL. */
    rt_status (*step_done)(void *state, const rt_synthesis_step *step);
    /** Called when a round's shard is complete; a failure ends the run. May be NULL. */
    rt_status (*round_done)(void *state, uint32_t round, const rt_round_measures *measures);
} rt_synthesis_listener;

/**
 * Runs round number `round`, appends the best batch (8-bit images, labels asked for, the teacher's
 * logits of the 8-bit images, the round) to the store and closes its shard. Measures the batch and
 * warns of collapse (round_measures.h).
 * Errors: RT_ERROR_NUMERIC naming the step and the term that is not finite, or, if on_collapse is
 * `stop`, the measure that is beyond its limit;
 * RT_ERROR_INTERRUPTED after a signal: nothing of the round is kept.
 */
RT_CHECKED rt_status rt_synthesizer_round(rt_synthesizer *synthesizer, uint32_t round,
                                          rt_store *store, const rt_synthesis_listener *listener);

/** The two parts of a round that need no store (`retort bench`): begins round `round` with new
 *  latent vectors and labels, then runs step `step` of it, in order from 0. */
RT_CHECKED rt_status rt_synthesizer_begin(rt_synthesizer *synthesizer, uint32_t round);
RT_CHECKED rt_status rt_synthesizer_step(rt_synthesizer *synthesizer, uint32_t round, uint32_t step,
                                         const rt_synthesis_listener *listener);

/** The last round's images: [N,H,W,C], 0..255; N = config.batch_size. */
const uint8_t *rt_synthesizer_images(const rt_synthesizer *synthesizer);
const int32_t *rt_synthesizer_labels(const rt_synthesizer *synthesizer);
const rt_synthesis_terms *rt_synthesizer_terms(const rt_synthesizer *synthesizer);
rt_phase *rt_synthesizer_phase(rt_synthesizer *synthesizer);

/** What a store of these images says about itself; strings stay the caller's. */
void rt_synthesizer_describe(const rt_synthesizer *synthesizer, const char *config_yaml,
                             rt_store_description *description);

/** Adds what later rounds need (a warm generator and its moments) to a checkpoint. */
RT_CHECKED rt_status rt_synthesizer_save(rt_synthesizer *synthesizer, rt_safetensors_writer *writer,
                                         rt_arena *arena);
RT_CHECKED rt_status rt_synthesizer_load(rt_synthesizer *synthesizer,
                                         const rt_safetensors *checkpoint);

#endif
