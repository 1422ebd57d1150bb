#ifndef RT_STUDENT_EVALUATION_H
#define RT_STUDENT_EVALUATION_H

/**
 * Accuracy of classifiers on a store. Reads the store in its order; trains nothing and changes
 * nothing (running statistics are used, not moved).
 */

#include "common/nn/network.h"
#include "datasets/sample_source.h"

/** Images that commands evaluate at once. */
enum { RT_EVALUATION_BATCH = 256 };

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

/**
 * An evaluation that is made once and asked as often as wanted, of a network that goes on learning
 * in between:
 *     RT_TRY(rt_evaluator_open(&evaluator, network, device, "stores/test", 256));
 *     RT_TRY_DONE(rt_evaluator_run(evaluator, &evaluation)); // whenever the network stands still
 *     rt_evaluator_free(evaluator);
 */
typedef struct rt_evaluator rt_evaluator;

/** Opens the store and builds, plans and records. The network must outlive the evaluator; the batch
 *  is at most the store. Errors: as rt_evaluate. */
RT_CHECKED rt_status rt_evaluator_open(rt_evaluator **evaluator, rt_network *network,
                                       rt_device *device, const char *store, uint32_t batch_size);
/** All of the store with the network's present weights. Errors: RT_ERROR_NUMERIC as rt_evaluate,
 *  RT_ERROR_INTERRUPTED after a signal. Ownership: the caller clears `*evaluation`. */
RT_CHECKED rt_status rt_evaluator_run(rt_evaluator *evaluator, rt_evaluation *evaluation);
void rt_evaluator_free(rt_evaluator *evaluator);

/** Share of samples on which two evaluations of the same store predict the same class. */
double rt_evaluation_agreement(const rt_evaluation *a, const rt_evaluation *b);

#endif
