#ifndef RT_DATASETS_SHARD_LAYOUT_H
#define RT_DATASETS_SHARD_LAYOUT_H

/** The datasets of a shard, in one table for writer, reader and index. */

#include "datasets/hdf5_file.h"
#include "datasets/shard.h"

enum { RT_DATASET_COUNT = 5, RT_DATASET_MAX_RANK = 4 };

/** Largest sizes that a shard may have (docs/store-format.md). */
enum { RT_SHARD_MAX_SAMPLES = 10000000, RT_SHARD_MAX_BYTES = 512 << 20 };

typedef struct rt_dataset {
    const char *name;
    hid_t file_type, memory_type;
    size_t item_size;
    int rank;
    hsize_t item[RT_DATASET_MAX_RANK]; ///< dimensions; [0] is 1 (one sample)
    bool present;
} rt_dataset;

/** Fills the table for a description: images, labels, teacher_logits, round, domain. */
void rt_dataset_table(rt_dataset table[RT_DATASET_COUNT], const rt_store_description *description);
/** Bytes a sample. */
size_t rt_dataset_sample_bytes(const rt_dataset *dataset);
/** The array of `samples` that belongs to row `row` of the table. */
const void *rt_dataset_array(const rt_samples *samples, int row);

/** Attributes that a shard and an index share. */
RT_CHECKED rt_status rt_description_write(rt_hdf5_file *file,
                                          const rt_store_description *description);
/** Reads them but for height, width and channels, which must be set; checks ranges and hash. */
RT_CHECKED rt_status rt_description_read(const rt_hdf5_file *file, rt_arena *arena,
                                         rt_store_description *description,
                                         char sha256[RT_SHA256_TEXT]);
/** Bytes that the attributes take at most. */
size_t rt_description_size(const rt_store_description *description);

#endif
