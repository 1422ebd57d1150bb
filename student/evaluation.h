#ifndef RT_STUDENT_EVALUATION_H
#define RT_STUDENT_EVALUATION_H

/**
 * Accuracy of classifiers on a store. Reads the store in its order; trains nothing and changes
 * nothing (running statistics are used, not moved).
 */

#include "common/nn/network.h"
#include "datasets/sample_source.h"

typedef struct rt_evaluation {
    uint64_t samples;
    double accuracy; ///< share of samples whose largest logit is the label
    double loss;     ///< mean cross-entropy
    uint32_t classes;
    double *per_class; ///< accuracy of each class; NaN where a class has no sample
    uint64_t *class_samples;
    int32_t *predictions; ///< [samples], in the store's order
    float *margins;       ///< [samples], rt_logit_margin of each
    double seconds;       ///< from the first batch asked for to the last one counted
} rt_evaluation;

/** How far a sample is from the boundary between its two best classes: the largest of its logits
 *  less the second largest, at least 0. `classes` is at least 2. */
float rt_logit_margin(const float *logits, uint32_t classes);

/** Whether the store at `path` can be opened and fits the network: to be asked before hours of
 *  training, not after. Errors: RT_ERROR_INPUT. */
RT_CHECKED rt_status rt_evaluation_check(const char *path, const rt_network_description *network);

/**
 * Errors: RT_ERROR_INPUT if image size or class count do not fit; RT_ERROR_NUMERIC for a logit that
 * is not finite. Ownership: the caller clears `*evaluation`.
 */
RT_CHECKED rt_status rt_evaluate(rt_evaluation *evaluation, rt_network *network, rt_device *device,
                                 rt_store_reader *store, uint32_t batch_size);
/** The same on the first `samples` samples of a source that fits the network. */
RT_CHECKED rt_status rt_evaluate_source(rt_evaluation *evaluation, rt_network *network,
                                        rt_device *device, const rt_sample_source *source,
                                        uint64_t samples, uint32_t batch_size);
void rt_evaluation_clear(rt_evaluation *evaluation);

/** Share of samples on which two evaluations of the same store predict the same class. */
double rt_evaluation_agreement(const rt_evaluation *a, const rt_evaluation *b);

#endif
