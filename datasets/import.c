#include "datasets/import.h"

#include "common/base/io.h"
#include "common/base/random.h"
#include "datasets/import_formats.h"
#include "datasets/resize.h"
#include "datasets/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const rt_importer rt_importers[] = {
    {"fashion-mnist", "a folder of the four files of Fashion-MNIST (IDX, gzip or not)",
     rt_import_open_fashion_mnist},
    {"idx", "a folder of MNIST's file names, or one ...images-idx3... file beside its labels",
     rt_import_open_idx},
    {"cifar10", "a folder of CIFAR-10's binary version", rt_import_open_cifar10},
    {"cifar100", "a folder of CIFAR-100's binary version", rt_import_open_cifar100},
    {"folder", "CLASS/*.png|jpg or DOMAIN/CLASS/*.png|jpg", rt_import_open_folder},
    {NULL, NULL, NULL},
};

/* An import under way. */
typedef struct import_job {
    const rt_import_options *options;
    rt_import_source source;
    uint32_t height, width; ///< of stored images
    uint8_t *resized, *image;
    uint32_t *order; ///< which sample comes when; NULL: as in the source
    float mean[RT_STORE_MAX_CHANNELS], std[RT_STORE_MAX_CHANNELS];
} import_job;

static rt_status find_importer(const char *format, const rt_importer **importer)
{
    rt_buffer names = {0};
    for (const rt_importer *i = rt_importers; i->name != NULL; i++) {
        if (strcmp(i->name, format) == 0) {
            *importer = i;
            rt_buffer_clear(&names);
            return RT_OK;
        }
        RT_TRY(rt_buffer_printf(&names, "%s%s", i == rt_importers ? "" : ", ", i->name));
    }
    const rt_status status = rt_fail(RT_ERROR_INPUT, "unknown format '%s'; there are: %s", format,
                                     (const char *)names.data);
    rt_buffer_clear(&names);
    return status;
}

/* The size of stored images, and room for one. */
static rt_status plan_images(import_job *job)
{
    const rt_import_options *options = job->options;
    const rt_import_source *source = &job->source;
    const bool resize = options->resize_height > 0 && options->resize_width > 0;
    if (!resize && source->height == 0)
        return rt_fail(RT_ERROR_INPUT,
                       "images of '%s' have several sizes; give one with --resize HxW",
                       options->source);
    const uint64_t height =
        (resize ? options->resize_height : source->height) + 2 * (uint64_t)options->pad;
    const uint64_t width =
        (resize ? options->resize_width : source->width) + 2 * (uint64_t)options->pad;
    if (height > RT_STORE_MAX_SIDE || width > RT_STORE_MAX_SIDE)
        return rt_fail(RT_ERROR_INPUT, "images of %llux%llu cannot be stored: sides go up to %d",
                       (unsigned long long)height, (unsigned long long)width, RT_STORE_MAX_SIDE);
    job->height = (uint32_t)height;
    job->width = (uint32_t)width;
    RT_TRY(RT_ALLOC(job->image, height * width * source->channels));
    return RT_ALLOC(job->resized, height * width * source->channels);
}

/* The order in which samples are stored: a loader shuffles within a window only, so that data
 * sorted by class must be mixed here. */
static rt_status make_order(import_job *job)
{
    const uint64_t count = job->source.count;
    if (!job->source.sorted_by_class) return RT_OK;
    if (count > UINT32_MAX)
        return rt_fail(RT_ERROR_INPUT, "'%s' holds too many images", job->options->source);
    RT_TRY(RT_ALLOC(job->order, count));
    for (uint32_t i = 0; i < count; i++) job->order[i] = i;
    for (uint32_t i = (uint32_t)count; i > 1; i--) { /* Fisher-Yates */
        uint32_t draws[4];
        rt_philox(job->options->seed, RT_STREAM_SPLIT, 0, i - 1, draws);
        const uint32_t j = rt_random_below(draws[0], i);
        const uint32_t swapped = job->order[i - 1];
        job->order[i - 1] = job->order[j];
        job->order[j] = swapped;
    }
    return RT_OK;
}

/* Reads a sample and brings it to the stored size in job->image. */
static rt_status read_sample(import_job *job, uint64_t sample, rt_import_sample *out)
{
    const uint32_t channels = job->source.channels, pad = job->options->pad;
    const uint32_t height = job->height - 2 * pad, width = job->width - 2 * pad;
    RT_TRY(job->source.read(&job->source, sample, out));
    const uint8_t *pixels = out->pixels;
    if (out->height != height || out->width != width) {
        RT_TRY(rt_resize_image(job->resized, height, width, out->pixels, out->height, out->width,
                               channels));
        pixels = job->resized;
    }
    /* The border was zeroed when job->image was made, and nothing writes there. */
    for (uint32_t y = 0; y < height; y++)
        memcpy(job->image + ((size_t)(y + pad) * job->width + pad) * channels,
               pixels + (size_t)y * width * channels, (size_t)width * channels);
    return RT_OK;
}

/* Mean and deviation of the stored pixels, padding included, a channel. Sums are exact. */
static rt_status measure(import_job *job)
{
    const uint32_t channels = job->source.channels;
    const size_t pixels = (size_t)job->height * job->width;
    uint64_t sums[RT_STORE_MAX_CHANNELS] = {0}, squares[RT_STORE_MAX_CHANNELS] = {0};
    for (uint64_t i = 0; i < job->source.count; i++) {
        rt_import_sample sample;
        RT_TRY(read_sample(job, i, &sample));
        for (size_t p = 0; p < pixels; p++)
            for (uint32_t c = 0; c < channels; c++) {
                const uint64_t value = job->image[p * channels + c];
                sums[c] += value;
                squares[c] += value * value;
            }
    }
    for (uint32_t c = 0; c < channels; c++) {
        const double count = (double)job->source.count * (double)pixels;
        const double mean = (double)sums[c] / count / 255;
        const double variance = (double)squares[c] / count / (255.0 * 255.0) - mean * mean;
        job->mean[c] = (float)mean;
        /* A channel without any contrast is left at its scale. */
        job->std[c] = variance > 1e-12 ? (float)sqrt(variance) : 1;
    }
    return RT_OK;
}

static rt_status write_samples(import_job *job, rt_store *store)
{
    for (uint64_t i = 0; i < job->source.count; i++) {
        rt_import_sample sample;
        RT_TRY(read_sample(job, job->order != NULL ? job->order[i] : i, &sample));
        const rt_samples samples = {
            .count = 1,
            .images = job->image,
            .labels = &sample.label,
            .domain = job->source.domains > 0 ? &sample.domain : NULL,
        };
        RT_TRY(rt_store_append(store, &samples));
    }
    return rt_store_flush_shard(store);
}

/* Takes a folder of plain files away again; that it fails is no news beside the error before it. */
static void remove_folder(const char *path)
{
    rt_arena arena = {0};
    char **names;
    size_t count;
    if (rt_directory_exists(path) && rt_directory_list(&arena, path, &names, &count) == RT_OK) {
        for (size_t i = 0; i < count; i++) {
            const char *file = rt_path_join(&arena, path, names[i]);
            if (file != NULL) (void)!rt_file_remove(file);
        }
        rmdir(path);
    }
    rt_arena_clear(&arena);
}

/* "a/b" for "a/b/c", "." for "c". */
static char *parent_folder(rt_arena *arena, const char *path)
{
    char *parent = rt_arena_strdup(arena, path);
    char *slash = parent != NULL ? strrchr(parent, '/') : NULL;
    if (slash == NULL) return rt_arena_strdup(arena, ".");
    slash[slash == parent ? 1 : 0] = 0;
    return parent;
}

/* Where an import writes: under a name that is not final until all is there. */
typedef struct import_place {
    const char *final, *unfinished, *parent;
} import_place;

static rt_status find_place(import_place *place, const char *store, rt_arena *arena)
{
    size_t length = strlen(store);
    while (length > 1 && store[length - 1] == '/') length--;
    place->final = rt_arena_printf(arena, "%.*s", (int)length, store);
    if (place->final == NULL) return RT_ERROR_MEMORY;
    place->unfinished = rt_arena_printf(arena, "%s.importing", place->final);
    place->parent = parent_folder(arena, place->final);
    return place->unfinished != NULL && place->parent != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static rt_status describe(const import_job *job, rt_store_description *description, rt_arena *arena)
{
    const rt_import_source *source = &job->source;
    *description = (rt_store_description){
        .height = job->height,
        .width = job->width,
        .channels = source->channels,
        .classes = source->classes,
        .class_names = source->class_names,
        .domains = source->domains,
        .domain_names = source->domain_names,
        .method = rt_arena_printf(arena, "import %s", job->options->format),
        .seed = job->options->seed,
        .columns = source->domains > 0 ? RT_COLUMN_DOMAIN : 0,
        .shard_samples = job->options->shard_samples,
    };
    memcpy(description->mean, job->mean, sizeof job->mean);
    memcpy(description->std, job->std, sizeof job->std);
    return description->method != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static void report_store(const import_job *job, const rt_store *store, rt_import_report *report)
{
    *report = (rt_import_report){.samples = rt_store_sample_count(store),
                                 .shards = rt_store_shard_count(store),
                                 .height = job->height,
                                 .width = job->width,
                                 .channels = job->source.channels,
                                 .classes = job->source.classes};
    memcpy(report->mean, job->mean, sizeof job->mean);
    memcpy(report->std, job->std, sizeof job->std);
}

/* Takes an unfinished store away, unless another import is writing it. Keeps the error's message.
 */
static void take_away(const import_place *place, bool locked)
{
    char message[1024];
    rt_lock lock = {0};
    rt_arena arena = {0};
    rt_error_take(message, sizeof message);
    const char *path = rt_path_join(&arena, place->unfinished, "lock");
    if (locked || (path != NULL && rt_lock_take(&lock, path, place->unfinished) == RT_OK))
        remove_folder(place->unfinished);
    rt_lock_release(&lock);
    rt_arena_clear(&arena);
    rt_error_give(message);
}

/* Writes the store and gives it its name. The folder is renamed, or taken away, while its lock is
 * held: another import of the same name neither clears what is complete nor loses its own. */
static rt_status write_store(import_job *job, const import_place *place, rt_import_report *report)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_store *store = NULL;
    rt_store_description description;
    bool renamed = false;
    RT_TRY_DONE(describe(job, &description, &arena));
    /* Not create: an import that was killed may have left shards under this name. */
    RT_TRY_DONE(rt_store_resume(&store, place->unfinished, &description, 0, NULL));
    RT_TRY_DONE(write_samples(job, store));
    RT_TRY_DONE(rt_store_finish(store));
    report_store(job, store, report);
    RT_TRY_DONE(rt_file_rename(place->unfinished, place->final));
    renamed = true;
    RT_TRY_DONE(rt_directory_sync(place->parent));
done:
    if (!renamed) take_away(place, store != NULL);
    rt_store_abandon(store);
    rt_arena_clear(&arena);
    return status;
}

/* Everything between an open source and a store under its name. */
static rt_status import_source(import_job *job, rt_import_report *report)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    import_place place;
    RT_TRY_DONE(find_place(&place, job->options->store, &arena));
    if (job->source.count == 0)
        RT_TRY_DONE(rt_fail(RT_ERROR_INPUT, "'%s' holds no images", job->options->source));
    RT_TRY_DONE(plan_images(job));
    RT_TRY_DONE(make_order(job));
    RT_TRY_DONE(measure(job));
    RT_TRY_DONE(write_store(job, &place, report));
done:
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_import(const rt_import_options *options, rt_import_report *report)
{
    rt_status status = RT_OK;
    const rt_importer *importer = NULL;
    rt_import_report unwanted;
    import_job job = {.options = options};
    RT_TRY(find_importer(options->format, &importer));
    if (rt_directory_exists(options->store) || rt_file_exists(options->store))
        return rt_fail(RT_ERROR_INPUT, "'%s' is there already; remove it or choose another name",
                       options->store);
    RT_TRY_DONE(importer->open(&job.source, options));
    RT_TRY_DONE(import_source(&job, report != NULL ? report : &unwanted));
done:
    if (job.source.close != NULL) job.source.close(&job.source);
    rt_arena_clear(&job.source.arena);
    rt_free(job.resized);
    rt_free(job.image);
    rt_free(job.order);
    return status;
}
