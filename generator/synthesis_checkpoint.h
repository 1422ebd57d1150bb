#ifndef RT_GENERATOR_SYNTHESIS_CHECKPOINT_H
#define RT_GENERATOR_SYNTHESIS_CHECKPOINT_H

/**
 * What a checkpoint says about synthesis: how many rounds are complete, the hashes of their shards,
 * the teacher, the size of metrics.csv, and the warm generator. Used by generate and run.
 */

#include "common/base/run_directory.h"
#include "generator/synthesizer.h"

/** What a checkpoint says about the rounds; {0}: there is no checkpoint yet. */
typedef struct rt_synthesis_state {
    bool begun;      ///< there is a checkpoint
    uint32_t rounds; ///< complete
    uint64_t metrics_bytes;
    char (*hashes)[RT_SHA256_TEXT]; ///< one a shard, in the arena
    uint32_t shards;
} rt_synthesis_state;

/** Adds the synthesis part to a checkpoint in the making. */
RT_CHECKED rt_status rt_synthesis_save(const rt_run_directory *run, rt_synthesizer *synthesizer,
                                       const rt_store *store, uint32_t rounds,
                                       rt_safetensors_writer *writer, rt_arena *arena);
/** Reads it back. Errors: RT_ERROR_INPUT if the checkpoint is of another teacher or critic, or
 *  lacks something. */
RT_CHECKED rt_status rt_synthesis_load(rt_synthesizer *synthesizer,
                                       const rt_safetensors *checkpoint, rt_synthesis_state *state,
                                       rt_arena *arena);

/** Makes the store, or goes on behind the shards that the checkpoint knows. A new run writes its
 *  first checkpoint right after: only a store of its own may be cut back later.
 *  Errors: RT_ERROR_INPUT if a new run meets a store that has shards. */
RT_CHECKED rt_status rt_synthesis_continue_store(const char *path,
                                                 const rt_store_description *description,
                                                 const rt_synthesis_state *state, rt_store **store);

/** A checkpoint of synthesis alone. */
RT_CHECKED rt_status rt_synthesis_write_checkpoint(const rt_run_directory *run,
                                                   rt_synthesizer *synthesizer,
                                                   const rt_store *store, uint32_t rounds);
/** Makes the store, or goes on where the run's checkpoint (of synthesis alone) says. */
RT_CHECKED rt_status rt_synthesis_open_store(rt_run_directory *run, rt_synthesizer *synthesizer,
                                             const char *path,
                                             const rt_store_description *description,
                                             rt_store **store, uint32_t *first_round);

#endif
