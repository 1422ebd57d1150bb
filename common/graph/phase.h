#ifndef RT_GRAPH_PHASE_H
#define RT_GRAPH_PHASE_H

/**
 * A graph with memory and recorded commands, ready to run step after step.
 *     RT_TRY(rt_phase_create(&phase, device, graph, NULL));
 *     fill(rt_phase_input(phase, images));          // the first step's inputs
 *     for (step = 0; step < steps; step++) {
 *         RT_TRY(rt_phase_submit(phase));
 *         fill(rt_phase_input(phase, images));      // the next step's, while this one runs
 *         RT_TRY(rt_phase_wait(phase));
 *         const float *loss = rt_phase_output(phase, loss_tensor);
 *     }
 * All memory is taken and all commands are recorded before the first step.
 */

#include "common/graph/graph.h"
#include "common/graph/plan.h"

typedef struct rt_phase rt_phase;

typedef struct rt_phase_options {
    bool timestamps;     ///< measure every command (rt_phase_timings)
    bool no_aliasing;    ///< every tensor has memory of its own (tests)
    bool no_joining;     ///< every operator by itself (tests)
    bool poison;         ///< fill memory that is no longer needed with NaN at once (tests)
    uint32_t batch_size; ///< images of a step, so that a lack of memory can name a batch that fits
} rt_phase_options;

/** What a progress line says before the first step of a phase: a driver compiles the kernels then,
 *  at the latest, or loads them from its cache. */
#define RT_PHASE_FIRST_STEP "compiling kernels, or loading them from the cache"

/** Plans, allocates and records. The graph and its parameter sets must outlive the phase.
 *  Errors: RT_ERROR_DEVICE out of memory (message: how much was asked for, and which
 *  batch size should fit). */
RT_CHECKED rt_status rt_phase_create(rt_phase **phase, rt_device *device, rt_graph *graph,
                                     const rt_phase_options *options);
/** Waits and releases; NULL is fine. */
void rt_phase_free(rt_phase *phase);

/** Where the host writes an input for the next submission: rt_shape_bytes, padded layout. It must
 *  be written anew before every submission (there are two such places, used in turn). */
float *rt_phase_input(rt_phase *phase, const rt_tensor *tensor);
/** Starts a step; returns at once. */
RT_CHECKED rt_status rt_phase_submit(rt_phase *phase);
/** Waits for the step. Errors: RT_ERROR_DEVICE. */
RT_CHECKED rt_status rt_phase_wait(rt_phase *phase);
/** An output's values after the last waited-for step, padded layout. */
const float *rt_phase_output(const rt_phase *phase, const rt_tensor *tensor);

/** Reads or writes a state tensor between steps (rt_shape_bytes, padded layout). */
RT_CHECKED rt_status rt_phase_read(rt_phase *phase, const rt_tensor *tensor, void *padded);
RT_CHECKED rt_status rt_phase_write(rt_phase *phase, const rt_tensor *tensor, const void *padded);

/** Device memory of the activations, bytes. */
uint64_t rt_phase_memory(const rt_phase *phase);

/** One measured command of the last step. */
typedef struct rt_phase_timing {
    const char *label; ///< of the node
    const char *operator_name;
    const char *pass; ///< "forward", "backward", "sum", "update", "copy"
    const char *shader;
    double seconds;
    rt_cost cost; ///< of the whole pass, given with its first command only
} rt_phase_timing;
RT_CHECKED rt_status rt_phase_timings(rt_phase *phase, rt_arena *arena, rt_phase_timing **timings,
                                      uint32_t *count);

#endif
