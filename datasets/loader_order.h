#ifndef RT_DATASETS_LOADER_ORDER_H
#define RT_DATASETS_LOADER_ORDER_H

/**
 * The order of an epoch: shards shuffled, then cut into windows that fit into memory, then samples
 * shuffled within each window. A function of (seed, epoch, sizes, window size) alone.
 */

#include "common/base/memory.h"

/** A shard of one of the loader's stores. */
typedef struct rt_loader_shard {
    uint32_t store, shard;
    uint32_t count;
    uint64_t first_index; ///< of its first sample, over all stores
} rt_loader_shard;

/** A run of shards in the epoch's order. */
typedef struct rt_window {
    uint32_t first_shard, shard_count; ///< places in rt_epoch_order.shards
    uint64_t first_position;           ///< of its first sample in the epoch
    uint32_t count;                    ///< samples
} rt_window;

typedef struct rt_epoch_order {
    uint32_t *shards; ///< [shard_count] a permutation of the loader's shards
    rt_window *windows;
    uint32_t window_count;
} rt_epoch_order;

/**
 * Fills `order`, whose two arrays have room for `shard_count` items. Windows hold at most
 * `window_samples` samples (one shard at least). `shuffle` false keeps the stores' order.
 */
void rt_epoch_order_make(rt_epoch_order *order, const rt_loader_shard *shards, uint32_t shard_count,
                         uint64_t window_samples, bool shuffle, uint64_t seed, uint32_t epoch);

/** The window that holds sample `position` of the epoch. */
uint32_t rt_epoch_order_find(const rt_epoch_order *order, uint64_t position);

/** A permutation of 0..window->count-1 for a window: the order in which its samples come. */
void rt_window_permute(uint32_t *permutation, const rt_window *window, bool shuffle, uint64_t seed,
                       uint32_t epoch);

#endif
