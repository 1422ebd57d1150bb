#ifndef RT_DATASETS_LOADER_WINDOW_H
#define RT_DATASETS_LOADER_WINDOW_H

/**
 * The windows of an epoch (loader_order.h) in memory: the present one, and the next one while a
 * thread reads it. Where everything fits into one window, that stays and is only permuted anew each
 * epoch. Used by loader.c alone.
 */

#include "datasets/loader_order.h"
#include "datasets/store_reader.h"

typedef struct rt_window_cache rt_window_cache;

typedef struct rt_window_cache_options {
    rt_store_reader *const *stores;
    const rt_loader_shard *shards; ///< of all stores; must outlive the cache
    uint32_t shard_count;
    uint64_t window_samples;
    bool single; ///< all samples fit into one window
    bool shuffle;
    uint64_t seed;
} rt_window_cache_options;

/** A window whose samples are in memory. */
typedef struct rt_loaded_window {
    uint32_t epoch;
    rt_window window;
    const uint32_t *order;  ///< of the epoch: numbers of the loader's shards
    const rt_shard *shards; ///< [window.shard_count] in that order
    const uint32_t *starts; ///< [window.shard_count] place in the window of their first samples
    const uint32_t *permutation; ///< [window.count] the order in which the window's samples come
} rt_loaded_window;

RT_CHECKED rt_status rt_window_cache_create(rt_window_cache **cache,
                                            const rt_window_cache_options *options);
void rt_window_cache_free(rt_window_cache *cache);

/** The window that holds sample `position` of an epoch; valid until the next call. */
RT_CHECKED rt_status rt_window_cache_get(rt_window_cache *cache, uint32_t epoch, uint64_t position,
                                         rt_loaded_window *window);

#endif
