#ifndef RT_DATASETS_STORE_READER_H
#define RT_DATASETS_STORE_READER_H

/**
 * Reads stores, their own or a stranger's: from shard-NNNNNN.h5 alone, by the rules of
 * docs/reliability.md.
 *     RT_TRY(rt_store_open(&reader, path));
 *     for (uint32_t i = 0; i < rt_store_reader_shard_count(reader); i++) {
 *         rt_shard shard = {0};
 *         RT_TRY_DONE(rt_store_read_shard(reader, i, &shard));
 *         ... shard.samples ...
 *         rt_shard_clear(&shard);
 *     }
 *     rt_store_reader_close(reader);
 * A reader may be used by one thread at a time, but several readers by several threads.
 */

#include "datasets/shard.h"

typedef struct rt_store_reader rt_store_reader;

typedef struct rt_shard_summary {
    uint64_t first_sample; ///< index in the store of its first sample
    uint32_t count;        ///< samples
    uint32_t number;       ///< as in its name
} rt_shard_summary;

/**
 * Opens a store: lists its shards, checks each one's structure and that all belong together.
 * Pixels are not decoded. Errors: RT_ERROR_INPUT if there is no shard, one is missing in the
 * sequence, damaged, hostile, or of another store; the message names it.
 */
RT_CHECKED rt_status rt_store_open(rt_store_reader **reader, const char *path);
/** Picks up shards that were completed since (a store that is being written). */
RT_CHECKED rt_status rt_store_refresh(rt_store_reader *reader);
void rt_store_reader_close(rt_store_reader *reader);

const char *rt_store_reader_path(const rt_store_reader *reader);
const rt_store_description *rt_store_reader_description(const rt_store_reader *reader);
uint64_t rt_store_reader_sample_count(const rt_store_reader *reader);
uint32_t rt_store_reader_shard_count(const rt_store_reader *reader);
const rt_shard_summary *rt_store_reader_shard(const rt_store_reader *reader, uint32_t shard);

/** Reads and checks shard `shard` (0 <= shard < shard count). The caller clears `*out`. */
RT_CHECKED rt_status rt_store_read_shard(const rt_store_reader *reader, uint32_t shard,
                                         rt_shard *out);

/** What rt_store_verify found. */
typedef struct rt_store_verification {
    uint32_t shards;
    uint64_t samples;
    bool has_index; ///< index.h5 is there and lists exactly these shards
} rt_store_verification;

/**
 * Reads every byte: all shards decode, and the index, if there is one, lists these shards with
 * these counts and hashes. Errors: RT_ERROR_INPUT naming the shard and what is wrong.
 */
RT_CHECKED rt_status rt_store_verify(const char *path, rt_store_verification *verification);

#endif
