#ifndef RT_DATASETS_LOADER_H
#define RT_DATASETS_LOADER_H

/**
 * Batches of images from one or more stores, without holding them in memory.
 *     const rt_loader_options options = {.stores = &reader, .store_count = 1,
 *                                        .batch_size = 128, .training = true, .seed = 1};
 *     RT_TRY(rt_loader_create(&loader, &options));
 *     RT_TRY_DONE(rt_loader_next(loader, &batch)); // for ever: epoch after epoch
 *     rt_loader_free(loader);
 * Training: every sample at most once an epoch, in an order that is a function of (seed, epoch) and
 * window_bytes alone: the shards are shuffled, then the samples within a window of consecutive
 * shards; the last incomplete batch is dropped. Evaluation: in the store's order, the last batch
 * may be smaller. A thread reads the next window while the present one is used. Stores that fit
 * into the window as a whole are read once.
 */

#include "datasets/store_reader.h"

typedef struct rt_loader rt_loader;

typedef struct rt_loader_options {
    rt_store_reader *const *stores; ///< same image shape and classes; not closed before the loader
    size_t store_count;
    uint32_t batch_size;
    bool training;         ///< shuffle, and drop the last incomplete batch
    bool teacher_logits;   ///< batches carry them; every store must have them
    uint64_t seed;         ///< of the order
    uint64_t window_bytes; ///< decoded samples held, all in all; 0: 64 MiB. At least two shards
                           ///< are held whatever it says
} rt_loader_options;

/** Where a batch goes: arrays of the caller with room for batch_size samples. */
typedef struct rt_batch {
    float *images;         ///< [N,H,W,C4] in [0,1] (pixel / 255), C4 = C rounded up to 4; padding 0
    int32_t *labels;       ///< [N]
    float *teacher_logits; ///< [N,K]; NULL: not wanted
    uint64_t *indices;     ///< [N] index over all stores, one after another; NULL: not wanted
    uint32_t count;        ///< out: valid samples; what lies behind them is set to 0
    uint32_t epoch;        ///< out: the epoch that the batch belongs to
    uint64_t step;         ///< out: its number in the epoch
} rt_batch;

/**
 * Errors: RT_ERROR_INPUT if the stores do not fit together, have fewer samples than one training
 * batch, or lack teacher logits that are wanted.
 */
RT_CHECKED rt_status rt_loader_create(rt_loader **loader, const rt_loader_options *options);
void rt_loader_free(rt_loader *loader);

/** The next batch; after the last step of an epoch the next epoch begins. */
RT_CHECKED rt_status rt_loader_next(rt_loader *loader, rt_batch *batch);

/** The next batch will be that of (epoch, step); a step beyond the epoch's last counts on. */
void rt_loader_seek(rt_loader *loader, uint32_t epoch, uint64_t step);
void rt_loader_position(const rt_loader *loader, uint32_t *epoch, uint64_t *step);

/** Batches an epoch. */
uint64_t rt_loader_steps(const rt_loader *loader);
/** Samples in all stores. */
uint64_t rt_loader_samples(const rt_loader *loader);
/** Image shape, classes and normalisation (of the first store). */
const rt_store_description *rt_loader_description(const rt_loader *loader);
/** Seconds that rt_loader_next took in all: the time a caller without other work waits for data. */
double rt_loader_seconds(const rt_loader *loader);

#endif
