#include "datasets/loader.h"

#include "common/base/progress.h"
#include "datasets/loader_window.h"

#include <assert.h>
#include <string.h>

static const uint64_t USUAL_WINDOW_BYTES = 64 << 20;

struct rt_loader {
    rt_loader_options options;
    rt_store_reader **stores;
    rt_store_description description;
    rt_loader_shard *shards;
    uint32_t shard_count;
    uint64_t sample_count, steps;
    uint32_t epoch; ///< of the next batch
    uint64_t step;
    float pixel_values[256];
    double seconds;
    rt_window_cache *cache;
    rt_loaded_window window; ///< valid if has_window
    bool has_window;
};

/* The shard of the window that holds its sample `place`. */
static uint32_t find_shard(const rt_loaded_window *window, uint32_t place)
{
    uint32_t low = 0, high = window->window.shard_count - 1;
    while (low < high) {
        const uint32_t middle = low + (high - low + 1) / 2;
        if (window->starts[middle] <= place)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static uint32_t padded_channels(const rt_loader *loader)
{
    return (loader->description.channels + 3) / 4 * 4;
}

static size_t pixels(const rt_loader *loader)
{
    return (size_t)loader->description.height * loader->description.width;
}

static void copy_image(const rt_loader *loader, float *to, const uint8_t *from)
{
    const uint32_t channels = loader->description.channels, padded = padded_channels(loader);
    const size_t count = pixels(loader);
    for (size_t i = 0; i < count; i++) {
        for (uint32_t c = 0; c < channels; c++)
            to[i * padded + c] = loader->pixel_values[from[i * channels + c]];
        for (uint32_t c = channels; c < padded; c++) to[i * padded + c] = 0;
    }
}

/* Sample `position` of the window becomes row `row` of the batch. */
static void copy_sample(const rt_loader *loader, uint32_t position, rt_batch *batch, uint32_t row)
{
    const rt_store_description *d = &loader->description;
    const rt_loaded_window *window = &loader->window;
    const uint32_t place = window->permutation[position];
    const uint32_t shard = find_shard(window, place);
    const rt_samples *samples = &window->shards[shard].samples;
    const size_t i = place - window->starts[shard];
    copy_image(loader, batch->images + row * pixels(loader) * padded_channels(loader),
               samples->images + i * pixels(loader) * d->channels);
    batch->labels[row] = samples->labels[i];
    if (batch->teacher_logits != NULL)
        memcpy(batch->teacher_logits + (size_t)row * d->classes,
               samples->teacher_logits + i * d->classes, d->classes * sizeof(float));
    if (batch->indices != NULL) {
        const uint32_t number = window->order[window->window.first_shard + shard];
        batch->indices[row] = loader->shards[number].first_index + i;
    }
}

/* Zeros behind the last valid sample, so that a masked sum meets no left-overs. */
static void clear_rest(const rt_loader *loader, rt_batch *batch)
{
    const size_t rest = loader->options.batch_size - batch->count;
    const size_t image = pixels(loader) * padded_channels(loader);
    const size_t classes = loader->description.classes;
    if (rest == 0) return;
    memset(batch->images + batch->count * image, 0, rest * image * sizeof(float));
    memset(batch->labels + batch->count, 0, rest * sizeof(int32_t));
    if (batch->teacher_logits != NULL)
        memset(batch->teacher_logits + batch->count * classes, 0, rest * classes * sizeof(float));
    if (batch->indices != NULL) memset(batch->indices + batch->count, 0, rest * sizeof(uint64_t));
}

static bool in_window(const rt_loader *loader, uint64_t position)
{
    const rt_window *window = &loader->window.window;
    return loader->has_window && loader->window.epoch == loader->epoch &&
           position >= window->first_position && position < window->first_position + window->count;
}

static rt_status fill_batch(rt_loader *loader, rt_batch *batch)
{
    const uint64_t first = loader->step * loader->options.batch_size;
    const uint64_t rest = loader->sample_count - first;
    batch->count = rest < loader->options.batch_size ? (uint32_t)rest : loader->options.batch_size;
    batch->epoch = loader->epoch;
    batch->step = loader->step;
    for (uint32_t row = 0; row < batch->count; row++) {
        const uint64_t position = first + row;
        if (!in_window(loader, position)) {
            loader->has_window = false;
            RT_TRY(rt_window_cache_get(loader->cache, loader->epoch, position, &loader->window));
            loader->has_window = true;
        }
        copy_sample(loader, (uint32_t)(position - loader->window.window.first_position), batch,
                    row);
    }
    clear_rest(loader, batch);
    return RT_OK;
}

rt_status rt_loader_next(rt_loader *loader, rt_batch *batch)
{
    const double started = rt_seconds();
    assert(loader->options.teacher_logits || batch->teacher_logits == NULL);
    const rt_status status = fill_batch(loader, batch);
    if (status == RT_OK && ++loader->step == loader->steps) {
        loader->step = 0;
        loader->epoch++;
    }
    loader->seconds += rt_seconds() - started;
    return status;
}

void rt_loader_seek(rt_loader *loader, uint32_t epoch, uint64_t step)
{
    loader->epoch = epoch + (uint32_t)(step / loader->steps);
    loader->step = step % loader->steps;
}

void rt_loader_position(const rt_loader *loader, uint32_t *epoch, uint64_t *step)
{
    *epoch = loader->epoch;
    *step = loader->step;
}

uint64_t rt_loader_steps(const rt_loader *loader) { return loader->steps; }
uint64_t rt_loader_samples(const rt_loader *loader) { return loader->sample_count; }
double rt_loader_seconds(const rt_loader *loader) { return loader->seconds; }

const rt_store_description *rt_loader_description(const rt_loader *loader)
{
    return &loader->description;
}

static rt_status check_stores(const rt_loader *loader)
{
    const rt_store_description *first = &loader->description;
    const char *first_path = rt_store_reader_path(loader->stores[0]);
    for (size_t i = 0; i < loader->options.store_count; i++) {
        const rt_store_description *d = rt_store_reader_description(loader->stores[i]);
        const char *path = rt_store_reader_path(loader->stores[i]);
        if (d->height != first->height || d->width != first->width ||
            d->channels != first->channels || d->classes != first->classes)
            return rt_fail(RT_ERROR_INPUT,
                           "store '%s' has %ux%ux%u images of %u classes, but '%s' has %ux%ux%u of "
                           "%u; they cannot be mixed",
                           path, d->height, d->width, d->channels, d->classes, first_path,
                           first->height, first->width, first->channels, first->classes);
        if (loader->options.teacher_logits && !(d->columns & RT_COLUMN_TEACHER_LOGITS))
            return rt_fail(RT_ERROR_INPUT,
                           "store '%s' holds no teacher logits; let the teacher compute them",
                           path);
    }
    return RT_OK;
}

/* Lists all shards of all stores. `*sample_size` becomes the bytes of the largest sample. */
static rt_status list_shards(rt_loader *loader, size_t *sample_size)
{
    const rt_loader_options *options = &loader->options;
    *sample_size = 0;
    for (size_t i = 0; i < options->store_count; i++) {
        const size_t size = rt_sample_size(rt_store_reader_description(loader->stores[i]));
        if (size > *sample_size) *sample_size = size;
        loader->shard_count += rt_store_reader_shard_count(loader->stores[i]);
    }
    RT_TRY(RT_ALLOC(loader->shards, loader->shard_count));
    uint32_t number = 0;
    for (uint32_t i = 0; i < options->store_count; i++)
        for (uint32_t k = 0; k < rt_store_reader_shard_count(loader->stores[i]); k++) {
            const uint32_t count = rt_store_reader_shard(loader->stores[i], k)->count;
            loader->shards[number++] = (rt_loader_shard){i, k, count, loader->sample_count};
            loader->sample_count += count;
        }
    loader->steps = options->training
                        ? loader->sample_count / options->batch_size
                        : (loader->sample_count + options->batch_size - 1) / options->batch_size;
    if (loader->steps == 0)
        return rt_fail(RT_ERROR_INPUT,
                       "store '%s' has %llu samples, fewer than a batch of %u; lower batch_size",
                       rt_store_reader_path(loader->stores[0]),
                       (unsigned long long)loader->sample_count, options->batch_size);
    return RT_OK;
}

static rt_status make_cache(rt_loader *loader, size_t sample_size)
{
    const rt_loader_options *options = &loader->options;
    const uint64_t bytes = options->window_bytes != 0 ? options->window_bytes : USUAL_WINDOW_BYTES;
    const bool single = loader->sample_count <= bytes / sample_size || loader->shard_count == 1;
    const rt_window_cache_options cache = {
        .stores = loader->stores,
        .shards = loader->shards,
        .shard_count = loader->shard_count,
        .window_samples = single ? loader->sample_count : bytes / 2 / sample_size,
        .single = single,
        .shuffle = options->training,
        .seed = options->seed,
    };
    return rt_window_cache_create(&loader->cache, &cache);
}

rt_status rt_loader_create(rt_loader **loader, const rt_loader_options *options)
{
    rt_status status = RT_OK;
    rt_loader *l;
    size_t sample_size;
    *loader = NULL;
    assert(options->store_count > 0 && options->batch_size > 0);
    RT_TRY(RT_ALLOC(l, 1));
    l->options = *options;
    RT_TRY_DONE(RT_ALLOC(l->stores, options->store_count));
    memcpy(l->stores, options->stores, options->store_count * sizeof *l->stores);
    l->description = *rt_store_reader_description(l->stores[0]);
    for (int i = 0; i < 256; i++) l->pixel_values[i] = (float)i / 255;
    RT_TRY_DONE(check_stores(l));
    RT_TRY_DONE(list_shards(l, &sample_size));
    RT_TRY_DONE(make_cache(l, sample_size));
    *loader = l;
    return RT_OK;
done:
    rt_loader_free(l);
    return status;
}

void rt_loader_free(rt_loader *loader)
{
    if (loader == NULL) return;
    rt_window_cache_free(loader->cache);
    rt_free(loader->shards);
    rt_free(loader->stores);
    rt_free(loader);
}
