#ifndef RT_DATASETS_SAMPLE_SOURCE_H
#define RT_DATASETS_SAMPLE_SOURCE_H

/**
 * Where a student's batches come from: a loader over stores, or a callback that makes samples live
 * (a generator in the same process). The student does not know which.
 *     rt_sample_source source = rt_sample_source_from_loader(loader);
 *     RT_TRY(rt_sample_source_next(&source, &batch));
 */

#include "datasets/loader.h"

typedef struct rt_sample_source {
    void *state; ///< not owned
    rt_status (*next)(void *state, rt_batch *batch);
    void (*seek)(void *state, uint32_t epoch, uint64_t step);
    const rt_store_description *description; ///< shape and classes; lives as long as the source
    uint64_t steps;                          ///< batches an epoch; 0: endless
} rt_sample_source;

/** The loader must outlive the source. */
rt_sample_source rt_sample_source_from_loader(rt_loader *loader);

RT_CHECKED rt_status rt_sample_source_next(const rt_sample_source *source, rt_batch *batch);
/** The next batch will be that of (epoch, step): used by resume. */
void rt_sample_source_seek(const rt_sample_source *source, uint32_t epoch, uint64_t step);

#endif
