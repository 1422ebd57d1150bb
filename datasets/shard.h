#ifndef RT_DATASETS_SHARD_H
#define RT_DATASETS_SHARD_H

/**
 * One shard: an HDF5 file that is made and read in memory (HDF5 itself never touches the disk).
 * Stores are written through store.h and read through store_reader.h; this is the layer below.
 */

#include "datasets/samples.h"

/** A shard in memory. `= {0}` is a valid empty one. */
typedef struct rt_shard {
    rt_samples samples;
    uint8_t *memory; ///< private: the arrays of `samples`
} rt_shard;

void rt_shard_clear(rt_shard *shard);

/** What the head of a shard says. */
typedef struct rt_shard_head {
    rt_store_description description;
    char description_sha256[RT_SHA256_TEXT];
    uint32_t number;       ///< its place in the store
    uint64_t first_sample; ///< samples in the shards before it
    uint32_t count;        ///< samples
} rt_shard_head;

/** "shard-NNNNNN.h5" */
enum { RT_SHARD_NAME_SIZE = 24 };
void rt_shard_name(char name[RT_SHARD_NAME_SIZE], uint32_t number);
/** The number in a shard's name; false if `name` is not one (or not spelt as we would). */
bool rt_shard_number(const char *name, uint32_t *number);

/**
 * Makes the bytes of a shard file. Equal arguments make equal bytes.
 * Ownership: the caller clears `*bytes`.
 */
RT_CHECKED rt_status rt_shard_encode(rt_buffer *bytes, const rt_shard_head *head,
                                     const rt_samples *samples);

/**
 * Checks the bytes of a shard file and reads its head; strings lie in `arena`. `name` stands in
 * messages. If `shard` is not NULL the samples are read and checked too. `bytes` is not changed.
 * Errors: RT_ERROR_INPUT naming the dataset or attribute and the rule.
 */
RT_CHECKED rt_status rt_shard_decode(const char *name, rt_buffer *bytes, rt_arena *arena,
                                     rt_shard_head *head, rt_shard *shard);

/** Reads a shard's file (never through a symbolic link). Largest file: 1 GiB. */
RT_CHECKED rt_status rt_shard_file_read(rt_buffer *bytes, const char *path);

#endif
