#ifndef RT_DATASETS_STORE_H
#define RT_DATASETS_STORE_H

/**
 * A store: labelled images on disk that survive a crash and that any HDF5 program can read.
 *     RT_TRY(rt_store_create(&store, path, &description));
 *     RT_TRY_DONE(rt_store_append(store, &samples)); // as often as needed
 *     RT_TRY_DONE(rt_store_close(store));            // writes what waits, then the index
 * It is a folder of shard-000000.h5, shard-000001.h5, ... and index.h5 (docs/store-format.md).
 * Always, even after kill -9: a shard under its final name is complete and never changes again.
 * Retort reads the shards alone; the index is for other programs and can be rebuilt at will.
 */

#include "datasets/samples.h"

typedef struct rt_store rt_store;

/**
 * Makes an empty store at `path` (the folder is made if missing) and locks it for writing.
 * Errors: RT_ERROR_INPUT if shards are there already, the description is out of range, or another
 * process is writing (names its pid); RT_ERROR_IO.
 * Ownership: copies the description. The caller ends with rt_store_close or rt_store_abandon.
 */
RT_CHECKED rt_status rt_store_create(rt_store **store, const char *path,
                                     const rt_store_description *description);

/**
 * Goes on with a store after its first `shard_count` shards, whose sha256 must be `hashes[0..]`
 * (the checkpoint has them; NULL: not compared). Shards beyond are removed: they will be made
 * again, and a warning says so if one comes out different.
 * Errors: RT_ERROR_INPUT if a kept shard is missing, damaged or not of this description.
 */
RT_CHECKED rt_status rt_store_resume(rt_store **store, const char *path,
                                     const rt_store_description *description, uint32_t shard_count,
                                     const char (*hashes)[RT_SHA256_TEXT]);

/**
 * Appends samples; writes a shard whenever enough are waiting.
 * Errors: RT_ERROR_INPUT for a label out of range, a logit that is not finite or an array that the
 * description does not announce, or lacks (nothing of this call is kept);
 * RT_ERROR_IO when the disk is full: complete shards stay; abandon the store, and resume it from
 * the checkpoint once there is space. Ownership: copies what it needs; the arrays of `samples` may
 * be reused at once.
 */
RT_CHECKED rt_status rt_store_append(rt_store *store, const rt_samples *samples);

/** Writes the waiting samples as a shard, so that a round ends with a shard. Nothing if none wait.
 */
RT_CHECKED rt_status rt_store_flush_shard(rt_store *store);

/** Complete shards, and the samples in them. */
uint32_t rt_store_shard_count(const rt_store *store);
uint64_t rt_store_sample_count(const rt_store *store);
/** SHA-256 of the complete shards' files, one a shard: what a checkpoint keeps. */
const char (*rt_store_shard_hashes(const rt_store *store))[RT_SHA256_TEXT];

/** Writes what waits and the index; the store stays open and locked. Errors: as rt_store_append. */
RT_CHECKED rt_status rt_store_finish(rt_store *store);
/** Finishes, releases the lock and frees, also when it fails. NULL is fine. */
RT_CHECKED rt_status rt_store_close(rt_store *store);
/** Releases the lock and frees without writing: complete shards stay, waiting samples are lost. */
void rt_store_abandon(rt_store *store);

#endif
