#ifndef RT_GENERATOR_ROUND_MEASURES_H
#define RT_GENERATOR_ROUND_MEASURES_H

/**
 * What tells whether a round's images are any good, without data: generators collapse (every image
 * of a class the same, or classes that the teacher does not see) long before a loss shows it.
 */

#include "common/base/memory.h"

typedef struct rt_round_measures {
    /** Entropy of the classes that the teacher sees in the images / entropy of those asked for: 0
     *  where it sees one class only, near 1 where it sees them as evenly as they were asked for. */
    double class_entropy;
    /** Root mean square distance of two images' features (the teacher's penultimate vectors, scaled
     *  to length 1), 0 to 2; 0: all the same. */
    double diversity;
    /** The same of two images that were asked for the same class, over all classes. */
    double class_diversity;
    /** Statistics of the teacher's layers far from those it remembers (methods/terms.h). */
    double batch_norm_distance;
} rt_round_measures;

/** The names of the four, for tables; in the order of the struct. */
extern const char *const rt_round_measure_names[4];

/** Appends the four as columns, each behind a comma; NULL: four empty ones. */
RT_CHECKED rt_status rt_round_measures_print(const rt_round_measures *measures, rt_buffer *row);

/** A finished batch and the teacher's answers to it. */
typedef struct rt_round_batch {
    uint32_t images, classes, features;
    const int32_t *labels;      ///< [images], asked for; below `classes`
    const float *logits;        ///< [images][classes]
    const float *feature_rows;  ///< [images][features]
    double batch_norm_distance; ///< 0: the teacher has no batch norm
} rt_round_batch;

/** Measures a batch. Errors: RT_ERROR_MEMORY. */
RT_CHECKED rt_status rt_round_measure(const rt_round_batch *batch, rt_round_measures *measures);

/** Below (above) which a measure means collapse; 0: not looked at. */
typedef struct rt_round_limits {
    float class_entropy;     ///< least
    float diversity;         ///< least class_diversity
    float batch_norm_growth; ///< most, as a multiple of the least distance of the run so far
    bool stop;               ///< collapse is an error, not a warning
} rt_round_limits;

/** What the judgement remembers from round to round; `= {0}` at first. */
typedef struct rt_round_judge {
    double least_distance; ///< of the rounds so far; 0: none yet
    bool warned[3];        ///< of that limit, since the measure was good last
} rt_round_judge;

/**
 * Warns, once until the measure is good again, where a measure is beyond its limit.
 * Errors: RT_ERROR_NUMERIC with the same words, if limits->stop.
 */
RT_CHECKED rt_status rt_round_judge_measures(rt_round_judge *judge, const rt_round_limits *limits,
                                             const rt_round_measures *measures, uint32_t round);

#endif
