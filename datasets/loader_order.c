#include "datasets/loader_order.h"

#include "common/base/random.h"

/* Draws for samples have elements below 2^53; draws for shards lie above them. */
static const uint64_t SHARD_ELEMENTS = 1ull << 60;

/* Fisher-Yates. Draw i uses element first + i, so an order does not depend on any other. */
static void shuffle_items(uint32_t *items, uint32_t count, uint64_t seed, uint32_t epoch,
                          uint64_t first)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t draws[4];
        rt_philox(seed, RT_STREAM_SHUFFLE, epoch, first + i - 1, draws);
        const uint32_t j = rt_random_below(draws[0], i);
        const uint32_t swapped = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swapped;
    }
}

void rt_epoch_order_make(rt_epoch_order *order, const rt_loader_shard *shards, uint32_t shard_count,
                         uint64_t window_samples, bool shuffle, uint64_t seed, uint32_t epoch)
{
    for (uint32_t i = 0; i < shard_count; i++) order->shards[i] = i;
    if (shuffle) shuffle_items(order->shards, shard_count, seed, epoch, SHARD_ELEMENTS);
    uint64_t position = 0;
    rt_window *window = NULL;
    order->window_count = 0;
    for (uint32_t i = 0; i < shard_count; i++) {
        const uint32_t count = shards[order->shards[i]].count;
        if (window == NULL || (uint64_t)window->count + count > window_samples) {
            window = &order->windows[order->window_count++];
            *window = (rt_window){.first_shard = i, .first_position = position};
        }
        window->shard_count++;
        window->count += count;
        position += count;
    }
}

uint32_t rt_epoch_order_find(const rt_epoch_order *order, uint64_t position)
{
    uint32_t low = 0, high = order->window_count - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low + 1) / 2;
        if (order->windows[middle].first_position <= position)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

void rt_window_permute(uint32_t *permutation, const rt_window *window, bool shuffle, uint64_t seed,
                       uint32_t epoch)
{
    for (uint32_t i = 0; i < window->count; i++) permutation[i] = i;
    if (shuffle) shuffle_items(permutation, window->count, seed, epoch, window->first_position);
}
