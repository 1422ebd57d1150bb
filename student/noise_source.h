#ifndef RT_STUDENT_NOISE_SOURCE_H
#define RT_STUDENT_NOISE_SOURCE_H

/**
 * Batches of uniform noise: every pixel independent and uniform in [0,1]. The control of the demo:
 * what a student learns from the teacher's answers alone. A batch is a function of (seed, step).
 */

#include "datasets/sample_source.h"

typedef struct rt_noise_source {
    rt_store_description description; ///< shape and classes of the samples
    uint32_t batch_size;
    uint64_t seed;
    uint64_t step; ///< of the next batch
} rt_noise_source;

/** The state must outlive the source. */
rt_sample_source rt_sample_source_from_noise(rt_noise_source *noise);

#endif
