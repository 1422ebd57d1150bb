#ifndef RT_TESTS_DATASETS_SUPPORT_H
#define RT_TESTS_DATASETS_SUPPORT_H

/** Stores whose content is a function of the sample's number, so that any sample can be checked. */

#include "datasets/store.h"
#include "datasets/store_reader.h"

/** 6x5 RGB images of 3 classes with every column. `config` is 64 bytes long. */
extern const rt_store_description rt_test_description;

/** Room for samples and the samples. `= {0}` is valid; release with rt_test_samples_clear. */
typedef struct rt_test_samples {
    rt_samples samples;
    uint8_t *images;
    int32_t *labels;
    float *teacher_logits;
    uint32_t *round;
    uint16_t *domain;
} rt_test_samples;

/** Samples first .. first + count - 1 of the made-up data; columns as in the description. */
void rt_test_samples_make(rt_test_samples *samples, const rt_store_description *description,
                          uint64_t first, size_t count);
void rt_test_samples_clear(rt_test_samples *samples);

/** Whether `samples` are samples first, first + 1, ... of the made-up data. */
bool rt_test_samples_equal(const rt_samples *samples, const rt_store_description *description,
                           uint64_t first);

/** Writes a store of shards with the given numbers of samples; asserts that all goes well. */
void rt_test_store(const char *path, const rt_store_description *description,
                   const uint32_t *shard_samples, uint32_t shard_count);

/** Whether a store can be read whole and holds exactly samples 0 .. count - 1. */
bool rt_test_store_holds(const char *path, const rt_store_description *description, uint64_t count);

#endif
