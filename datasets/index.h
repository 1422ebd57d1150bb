#ifndef RT_DATASETS_INDEX_H
#define RT_DATASETS_INDEX_H

/**
 * index.h5: virtual datasets over all shards, so that any HDF5 program reads a store as one array.
 * A virtual dataset shows a missing shard as zeros without an error; that is why the index also
 * lists the shards with counts and hashes, and why Retort never reads samples through it.
 */

#include "datasets/shard.h"

typedef struct rt_index_shard {
    char sha256[RT_SHA256_TEXT]; ///< of the shard's file
    uint32_t count;              ///< samples
} rt_index_shard;

/** Makes the bytes of an index over shards 0 to shard_count - 1 (at least one). */
RT_CHECKED rt_status rt_index_encode(rt_buffer *bytes, const rt_store_description *description,
                                     const rt_index_shard *shards, uint32_t shard_count);

/** Reads the list of shards out of an index (attributes only); the array lies in `arena`. */
RT_CHECKED rt_status rt_index_decode(const char *name, rt_buffer *bytes, rt_arena *arena,
                                     rt_index_shard **shards, uint32_t *shard_count);

/** Reads all shards of a store and writes its index anew. Errors: as rt_store_open, or
 *  RT_ERROR_INPUT if the store is being written. */
RT_CHECKED rt_status rt_index_rebuild(const char *store_path);

#endif
