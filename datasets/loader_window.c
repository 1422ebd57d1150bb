#include "datasets/loader_window.h"

#include <pthread.h>
#include <string.h>

typedef enum slot_state { SLOT_EMPTY, SLOT_WANTED, SLOT_READY, SLOT_FAILED } slot_state;

/* A window in memory. The fields belong to the thread while the state is SLOT_WANTED, else to the
 * caller; the state changes under the mutex. */
typedef struct window_slot {
    slot_state state;
    uint32_t epoch, number; ///< of the window in the epoch
    rt_epoch_order order;   ///< of `epoch`
    rt_shard *shards;       ///< [shard count of all] the first `shard_count` are loaded
    uint32_t shard_count;
    uint32_t *starts;
    uint32_t *permutation;
    uint32_t permutation_capacity;
    rt_status status; ///< of SLOT_FAILED
    char message[1024];
} window_slot;

struct rt_window_cache {
    rt_window_cache_options options;
    window_slot slots[2];
    int current;          ///< the slot that the caller reads from; never one that the thread fills
    rt_epoch_order order; ///< of order_epoch: the caller's, for finding windows
    uint32_t order_epoch;
    bool has_order;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool thread_started, stopping;
};

static void empty_slot(window_slot *slot)
{
    for (uint32_t i = 0; i < slot->shard_count; i++) rt_shard_clear(&slot->shards[i]);
    slot->shard_count = 0;
}

static void make_order(const rt_window_cache *cache, rt_epoch_order *order, uint32_t epoch)
{
    const rt_window_cache_options *o = &cache->options;
    rt_epoch_order_make(order, o->shards, o->shard_count, o->window_samples, o->shuffle, o->seed,
                        epoch);
}

/* Reads the shards of the slot's window. */
static rt_status read_shards(const rt_window_cache *cache, window_slot *slot,
                             const rt_window *window)
{
    uint32_t start = 0;
    empty_slot(slot);
    for (uint32_t i = 0; i < window->shard_count; i++) {
        const rt_loader_shard *shard =
            &cache->options.shards[slot->order.shards[window->first_shard + i]];
        slot->starts[i] = start;
        start += shard->count;
        RT_TRY(rt_store_read_shard(cache->options.stores[shard->store], shard->shard,
                                   &slot->shards[i]));
        slot->shard_count = i + 1;
    }
    return RT_OK;
}

static rt_status fill_slot(const rt_window_cache *cache, window_slot *slot)
{
    make_order(cache, &slot->order, slot->epoch);
    const rt_window *window = &slot->order.windows[slot->number];
    if (window->count > slot->permutation_capacity) {
        uint32_t *permutation = rt_realloc(slot->permutation, window->count, sizeof *permutation);
        if (permutation == NULL) return RT_ERROR_MEMORY;
        slot->permutation = permutation;
        slot->permutation_capacity = window->count;
    }
    RT_TRY(read_shards(cache, slot, window));
    rt_window_permute(slot->permutation, window, cache->options.shuffle, cache->options.seed,
                      slot->epoch);
    return RT_OK;
}

static void *run_thread(void *argument)
{
    rt_window_cache *cache = argument;
    pthread_mutex_lock(&cache->mutex);
    while (!cache->stopping) {
        window_slot *slot = NULL;
        for (size_t i = 0; i < RT_COUNT(cache->slots); i++)
            if (cache->slots[i].state == SLOT_WANTED) slot = &cache->slots[i];
        if (slot == NULL) {
            pthread_cond_wait(&cache->changed, &cache->mutex);
            continue;
        }
        pthread_mutex_unlock(&cache->mutex);
        const rt_status status = fill_slot(cache, slot);
        if (status != RT_OK) {
            empty_slot(slot);
            rt_error_take(slot->message, sizeof slot->message);
        }
        pthread_mutex_lock(&cache->mutex);
        slot->status = status;
        slot->state = status == RT_OK ? SLOT_READY : SLOT_FAILED;
        pthread_cond_broadcast(&cache->changed);
    }
    pthread_mutex_unlock(&cache->mutex);
    return NULL;
}

/* ---- the caller's side; the mutex is held ---- */

static void want(rt_window_cache *cache, window_slot *slot, uint32_t epoch, uint32_t number)
{
    slot->epoch = epoch;
    slot->number = number;
    slot->state = SLOT_WANTED;
    pthread_cond_broadcast(&cache->changed);
}

static void wait_while_wanted(rt_window_cache *cache, const window_slot *slot)
{
    while (slot->state == SLOT_WANTED) pthread_cond_wait(&cache->changed, &cache->mutex);
}

static rt_status wait_for(rt_window_cache *cache, window_slot *slot)
{
    wait_while_wanted(cache, slot);
    if (slot->state != SLOT_FAILED) return RT_OK;
    rt_error_give(slot->message);
    slot->state = SLOT_EMPTY; /* so that asking again tries again */
    return slot->status;
}

static bool holds(const window_slot *slot, uint32_t epoch, uint32_t number)
{
    return slot->state != SLOT_EMPTY && slot->epoch == epoch && slot->number == number;
}

/* The only window in another epoch: the same shards in another order. */
static rt_status reorder(rt_window_cache *cache, window_slot *slot, uint32_t epoch)
{
    rt_status status = RT_OK;
    const uint32_t count = cache->options.shard_count;
    rt_shard *moved = NULL;
    uint32_t *places = NULL; /* where each of the loader's shards lies in the slot */
    RT_TRY_DONE(RT_ALLOC(moved, count));
    RT_TRY_DONE(RT_ALLOC(places, count));
    for (uint32_t i = 0; i < count; i++) places[slot->order.shards[i]] = i;
    make_order(cache, &slot->order, epoch);
    uint32_t start = 0;
    for (uint32_t i = 0; i < count; i++) {
        moved[i] = slot->shards[places[slot->order.shards[i]]];
        slot->starts[i] = start;
        start += cache->options.shards[slot->order.shards[i]].count;
    }
    memcpy(slot->shards, moved, count * sizeof *moved);
    slot->epoch = epoch;
    rt_window_permute(slot->permutation, &slot->order.windows[0], cache->options.shuffle,
                      cache->options.seed, epoch);
done:
    rt_free(moved);
    rt_free(places);
    return status;
}

static rt_status get_single(rt_window_cache *cache, uint32_t epoch)
{
    window_slot *slot = &cache->slots[0];
    if (holds(slot, epoch, 0)) return RT_OK;
    if (slot->state == SLOT_READY) return reorder(cache, slot, epoch);
    want(cache, slot, epoch, 0);
    return wait_for(cache, slot);
}

/* Makes slots[current] that window, and has the one after it fetched into the other slot. */
static rt_status get_one_of_many(rt_window_cache *cache, uint32_t epoch, uint32_t number)
{
    window_slot *behind = &cache->slots[cache->current];
    window_slot *next = &cache->slots[1 - cache->current];
    if (holds(behind, epoch, number)) return RT_OK;
    if (!holds(next, epoch, number)) {
        wait_while_wanted(cache, next); /* with what nobody needs any more, after a seek */
        want(cache, next, epoch, number);
    }
    RT_TRY(wait_for(cache, next));
    cache->current = 1 - cache->current;
    const bool last = number + 1 == next->order.window_count;
    want(cache, behind, last ? epoch + 1 : epoch, last ? 0 : number + 1);
    return RT_OK;
}

rt_status rt_window_cache_get(rt_window_cache *cache, uint32_t epoch, uint64_t position,
                              rt_loaded_window *window)
{
    if (!cache->has_order || cache->order_epoch != epoch) {
        make_order(cache, &cache->order, epoch);
        cache->order_epoch = epoch;
        cache->has_order = true;
    }
    const uint32_t number = rt_epoch_order_find(&cache->order, position);
    pthread_mutex_lock(&cache->mutex);
    const rt_status status =
        cache->options.single ? get_single(cache, epoch) : get_one_of_many(cache, epoch, number);
    pthread_mutex_unlock(&cache->mutex);
    RT_TRY(status);
    const window_slot *slot = &cache->slots[cache->current];
    *window = (rt_loaded_window){
        .epoch = epoch,
        .window = slot->order.windows[slot->number],
        .order = slot->order.shards,
        .shards = slot->shards,
        .starts = slot->starts,
        .permutation = slot->permutation,
    };
    return RT_OK;
}

static rt_status allocate_order(rt_epoch_order *order, uint32_t shard_count)
{
    RT_TRY(RT_ALLOC(order->shards, shard_count));
    return RT_ALLOC(order->windows, shard_count);
}

static rt_status allocate(rt_window_cache *cache)
{
    const uint32_t count = cache->options.shard_count;
    RT_TRY(allocate_order(&cache->order, count));
    for (size_t i = 0; i < RT_COUNT(cache->slots); i++) {
        RT_TRY(allocate_order(&cache->slots[i].order, count));
        RT_TRY(RT_ALLOC(cache->slots[i].shards, count));
        RT_TRY(RT_ALLOC(cache->slots[i].starts, count));
    }
    return RT_OK;
}

rt_status rt_window_cache_create(rt_window_cache **cache, const rt_window_cache_options *options)
{
    rt_status status = RT_OK;
    rt_window_cache *c;
    *cache = NULL;
    RT_TRY(RT_ALLOC(c, 1));
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->changed, NULL);
    c->options = *options;
    RT_TRY_DONE(allocate(c));
    if (pthread_create(&c->thread, NULL, run_thread, c) != 0)
        RT_TRY_DONE(rt_fail(RT_ERROR_MEMORY, "no thread can be started for reading data"));
    c->thread_started = true;
    *cache = c;
    return RT_OK;
done:
    rt_window_cache_free(c);
    return status;
}

static void free_order(rt_epoch_order *order)
{
    rt_free(order->shards);
    rt_free(order->windows);
}

void rt_window_cache_free(rt_window_cache *cache)
{
    if (cache == NULL) return;
    if (cache->thread_started) {
        pthread_mutex_lock(&cache->mutex);
        cache->stopping = true;
        pthread_cond_broadcast(&cache->changed);
        pthread_mutex_unlock(&cache->mutex);
        pthread_join(cache->thread, NULL);
    }
    for (size_t i = 0; i < RT_COUNT(cache->slots); i++) {
        empty_slot(&cache->slots[i]);
        free_order(&cache->slots[i].order);
        rt_free(cache->slots[i].shards);
        rt_free(cache->slots[i].starts);
        rt_free(cache->slots[i].permutation);
    }
    free_order(&cache->order);
    pthread_cond_destroy(&cache->changed);
    pthread_mutex_destroy(&cache->mutex);
    rt_free(cache);
}
