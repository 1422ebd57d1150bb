#ifndef RT_GENERATOR_SYNTHESIZER_PRIVATE_H
#define RT_GENERATOR_SYNTHESIZER_PRIVATE_H

/** The inside of a synthesiser, shared by synthesizer.c (building) and synthesis_round.c (running).
 */

#include "generator/synthesizer.h"
#include "generator/teacher_pass.h"

struct rt_synthesizer {
    rt_synthesizer_setup setup;
    rt_synthesis_config config;
    rt_generator generator;
    rt_parameters *latent; ///< one trained tensor "z" {N,1,1,L}
    /* The synthesis step. */
    rt_graph *graph;
    rt_phase *phase;
    rt_tensor *labels, *best, *best_loss, *weights;  ///< states
    rt_tensor *generator_schedule, *latent_schedule; ///< states
    rt_tensor *total;
    rt_synthesis_terms terms;
    float values[RT_MAXIMUM_SYNTHESIS_TERMS]; ///< of the last step
    rt_teacher_pass teacher;
    rt_round_judge judge;
    /* The last round's batch on the host. */
    uint8_t *images;
    int32_t *host_labels;
    uint32_t *rounds;
    float *padded;
};

#endif
