#ifndef RT_GENERATOR_TEACHER_PASS_H
#define RT_GENERATOR_TEACHER_PASS_H

/**
 * The teacher's answers to a finished batch, as it is stored (8-bit images): the logits that go
 * into the store, and what a round is judged by (round_measures.h).
 *     RT_TRY(rt_teacher_pass_init(&pass, device, teacher, batch_size));
 *     RT_TRY(rt_teacher_pass_run(&pass, images));
 *     use(pass.dense_logits, pass.dense_features, pass.distance);
 *     rt_teacher_pass_clear(&pass);
 */

#include "common/graph/phase.h"
#include "common/nn/network.h"

/** `= {0}` is a valid empty one. */
typedef struct rt_teacher_pass {
    float *dense_logits;   ///< [N][classes] of the last run
    float *dense_features; ///< [N][feature_count]: penultimate vectors
    uint32_t feature_count;
    float distance; ///< rt_batch_norm_distance; 0 for a teacher without batch norm
    /* Private: */
    rt_graph *graph;
    rt_phase *phase;
    rt_tensor *images, *logits, *features, *batch_norm_distance;
} rt_teacher_pass;

RT_CHECKED rt_status rt_teacher_pass_init(rt_teacher_pass *pass, rt_device *device,
                                          rt_network *teacher, uint32_t batch_size);
/** Releases; an empty one is fine. */
void rt_teacher_pass_clear(rt_teacher_pass *pass);
/** Applies the teacher, in evaluation mode, to images [N,H,W,C] of 0..255. */
RT_CHECKED rt_status rt_teacher_pass_run(rt_teacher_pass *pass, const uint8_t *images);

#endif
