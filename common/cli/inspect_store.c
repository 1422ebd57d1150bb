#include "common/cli/inspect.h"

#include "common/base/escape.h"
#include "common/base/io.h"
#include "common/base/random.h"
#include "common/cli/inspect_pictures.h"
#include "common/cli/pick.h"
#include "common/formats/grid.h"
#include "common/formats/npy.h"
#include "common/nn/model_file.h"
#include "datasets/store_reader.h"
#include "student/evaluation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ARRAYS = 5, JUDGED_AT_ONCE = 256 };

/* What one pass over a store gathers. */
typedef struct store_survey {
    const rt_store_description *description;
    const rt_inspect_options *options;
    uint64_t seed;
    uint64_t *per_class;
    uint64_t sums[RT_STORE_MAX_CHANNELS], squares[RT_STORE_MAX_CHANNELS]; /* of bytes: exact */
    double mean[RT_STORE_MAX_CHANNELS], std[RT_STORE_MAX_CHANNELS];
    rt_evaluation judged; /* by --model; {0}: not asked for */
    rt_pick *pick;        /* NULL: no grid */
    rt_pictures pictures; /* {0}: none */
    rt_npy_writer arrays[ARRAYS];
} store_survey;

static size_t image_bytes(const rt_store_description *description)
{
    return (size_t)description->height * description->width * description->channels;
}

/* The smaller, the sooner in the grid. */
static double rank_sample(const store_survey *survey, const rt_samples *samples, size_t i,
                          uint64_t sample)
{
    switch (survey->options->order) {
    case RT_PICK_RANDOM: {
        uint32_t draws[4];
        rt_philox(survey->seed, RT_STREAM_PICTURE, 0, sample, draws);
        return draws[0] * 0x1p32 + draws[1];
    }
    case RT_PICK_BOUNDARY: {
        const uint32_t classes = survey->description->classes;
        if (survey->judged.margins != NULL) return (double)survey->judged.margins[sample];
        return (double)rt_logit_margin(samples->teacher_logits + i * classes, classes);
    }
    case RT_PICK_FIRST:
        break;
    }
    return (double)sample;
}

static rt_status begin_array(store_survey *survey, rt_arena *arena, int array, const char *name,
                             const char *type, const uint64_t *shape, uint32_t rank)
{
    const char *path = rt_path_join(arena, survey->options->npy, name);
    if (path == NULL) return RT_ERROR_MEMORY;
    return rt_npy_begin(&survey->arrays[array], path, type, shape, rank);
}

static rt_status begin_arrays(store_survey *survey, rt_arena *arena, uint64_t samples)
{
    const rt_store_description *d = survey->description;
    const uint64_t images[] = {samples, d->height, d->width, d->channels};
    const uint64_t logits[] = {samples, d->classes};
    RT_TRY(rt_directory_create(survey->options->npy));
    RT_TRY(begin_array(survey, arena, 0, "images.npy", "|u1", images, 4));
    RT_TRY(begin_array(survey, arena, 1, "labels.npy", "<i4", images, 1));
    if (d->columns & RT_COLUMN_TEACHER_LOGITS) {
        RT_TRY(begin_array(survey, arena, 2, "teacher_logits.npy", "<f4", logits, 2));
    }
    if (d->columns & RT_COLUMN_ROUND) {
        RT_TRY(begin_array(survey, arena, 3, "round.npy", "<u4", images, 1));
    }
    if (d->columns & RT_COLUMN_DOMAIN) {
        RT_TRY(begin_array(survey, arena, 4, "domain.npy", "<u2", images, 1));
    }
    return RT_OK;
}

static rt_status append_arrays(store_survey *survey, const rt_samples *samples)
{
    const rt_store_description *d = survey->description;
    const size_t count = samples->count;
    const void *const data[ARRAYS] = {samples->images, samples->labels, samples->teacher_logits,
                                      samples->round, samples->domain};
    const size_t sizes[ARRAYS] = {count * image_bytes(d), count * sizeof(int32_t),
                                  count * d->classes * sizeof(float), count * sizeof(uint32_t),
                                  count * sizeof(uint16_t)};
    for (int i = 0; i < ARRAYS; i++) {
        if (survey->arrays[i].temporary == NULL) continue;
        RT_TRY(rt_npy_append(&survey->arrays[i], data[i], sizes[i]));
    }
    return RT_OK;
}

static rt_status end_arrays(store_survey *survey)
{
    for (int i = 0; i < ARRAYS; i++) {
        if (survey->arrays[i].temporary != NULL) RT_TRY(rt_npy_end(&survey->arrays[i]));
    }
    return RT_OK;
}

static void count_pixels(store_survey *survey, const rt_samples *samples)
{
    const uint32_t channels = survey->description->channels;
    const size_t pixels = samples->count * image_bytes(survey->description) / channels;
    for (size_t i = 0; i < pixels; i++) {
        for (uint32_t c = 0; c < channels; c++) {
            const uint32_t value = samples->images[i * channels + c];
            survey->sums[c] += value;
            survey->squares[c] += value * value;
        }
    }
}

static rt_status visit_shard(store_survey *survey, const rt_samples *samples, uint64_t first_sample)
{
    const size_t size = image_bytes(survey->description);
    count_pixels(survey, samples);
    for (size_t i = 0; i < samples->count; i++) {
        const uint32_t label = (uint32_t)samples->labels[i];
        survey->per_class[label]++;
        if (survey->pick == NULL) continue;
        const uint32_t bin = survey->options->by_class ? label : 0;
        if (survey->options->by_class && bin >= survey->options->rows) continue;
        rt_pick_offer(survey->pick, bin, rank_sample(survey, samples, i, first_sample + i),
                      samples->images + i * size);
    }
    if (survey->options->pictures != NULL)
        RT_TRY(rt_pictures_write(&survey->pictures, samples, first_sample));
    return append_arrays(survey, samples);
}

static rt_status visit_all(store_survey *survey, const rt_store_reader *reader)
{
    rt_status status = RT_OK;
    for (uint32_t i = 0; i < rt_store_reader_shard_count(reader); i++) {
        rt_shard shard = {0};
        status = rt_store_read_shard(reader, i, &shard);
        if (status == RT_OK) {
            status =
                visit_shard(survey, &shard.samples, rt_store_reader_shard(reader, i)->first_sample);
        }
        rt_shard_clear(&shard);
        RT_TRY(status);
    }
    const rt_store_description *d = survey->description;
    const double pixels = (double)rt_store_reader_sample_count(reader) * d->height * d->width;
    for (uint32_t c = 0; c < d->channels; c++) {
        const double mean = (double)survey->sums[c] / pixels;
        const double variance = (double)survey->squares[c] / pixels - mean * mean;
        survey->mean[c] = mean / 255;
        survey->std[c] = sqrt(fmax(variance, 0)) / 255;
    }
    return RT_OK;
}

/* With --by-class the grid has a row a class, at most as many as asked for. */
static uint32_t grid_rows(const store_survey *survey)
{
    const uint32_t rows = survey->options->rows;
    const uint32_t classes = survey->description->classes;
    return survey->options->by_class && classes < rows ? classes : rows;
}

static rt_status begin_grid(store_survey *survey)
{
    const rt_inspect_options *options = survey->options;
    const bool has_logits = (survey->description->columns & RT_COLUMN_TEACHER_LOGITS) != 0;
    if (options->order == RT_PICK_BOUNDARY && !has_logits && options->model == NULL) {
        return rt_fail(RT_ERROR_INPUT,
                       "the store has no teacher logits, which '--pick boundary' needs; name a "
                       "classifier with --model");
    }
    const uint32_t rows = grid_rows(survey);
    return options->by_class ? rt_pick_create(&survey->pick, rows, options->columns,
                                              image_bytes(survey->description))
                             : rt_pick_create(&survey->pick, 1, rows * options->columns,
                                              image_bytes(survey->description));
}

static rt_status write_grid(const store_survey *survey)
{
    const rt_store_description *d = survey->description;
    const uint32_t rows = grid_rows(survey);
    const rt_grid grid = {
        .images = rt_pick_images(survey->pick),
        .count = (size_t)rows * survey->options->columns,
        .height = d->height,
        .width = d->width,
        .channels = d->channels,
        .rows = rows,
        .columns = survey->options->columns,
        .cells = rt_pick_cells(survey->pick),
    };
    return rt_grid_write_png(survey->options->png, &grid);
}

static rt_status print_store(const store_survey *survey, const rt_store_reader *reader)
{
    const rt_store_description *d = survey->description;
    char name[256];
    rt_text_escape(name, sizeof name, rt_store_reader_path(reader));
    printf("store '%s'\n  samples   %llu in %u shards\n  images    %ux%ux%u, %u classes\n", name,
           (unsigned long long)rt_store_reader_sample_count(reader),
           rt_store_reader_shard_count(reader), d->height, d->width, d->channels, d->classes);
    rt_text_escape(name, sizeof name, d->method);
    printf("  made by   %s, seed %llu\n", name, (unsigned long long)d->seed);
    if (d->teacher_arch[0] != '\0') {
        rt_text_escape(name, sizeof name, d->teacher_arch);
        printf("  teacher   %s %.16s\n", name, d->teacher_sha256);
    }
    if (survey->options->model != NULL) {
        rt_text_escape(name, sizeof name, survey->options->model);
        printf("  %s predicts %.2f %% of the labels\n", name, 100 * survey->judged.accuracy);
    }
    for (uint32_t c = 0; c < d->channels; c++) {
        printf("  channel %u mean %.4f, deviation %.4f (stated: %.4f, %.4f)\n", c, survey->mean[c],
               survey->std[c], (double)d->mean[c], (double)d->std[c]);
    }
    for (uint32_t k = 0; k < d->classes; k++) {
        rt_text_escape(name, sizeof name, d->class_names[k]);
        printf("  class %-3u %8llu  %s\n", k, (unsigned long long)survey->per_class[k], name);
    }
    if (survey->options->png != NULL) printf("  grid      %s\n", survey->options->png);
    if (survey->options->npy != NULL) printf("  arrays    %s\n", survey->options->npy);
    if (survey->options->pictures != NULL) printf("  pictures  %s\n", survey->options->pictures);
    return RT_OK;
}

static rt_status report_store(rt_command *command, const store_survey *survey,
                              const rt_store_reader *reader)
{
    const rt_store_description *d = survey->description;
    const double shape[] = {d->height, d->width, d->channels};
    double *per_class = rt_arena_alloc(&command->arena, d->classes, sizeof *per_class);
    if (per_class == NULL) return RT_ERROR_MEMORY;
    for (uint32_t k = 0; k < d->classes; k++) per_class[k] = (double)survey->per_class[k];
    const uint64_t samples = rt_store_reader_sample_count(reader);
    RT_TRY(rt_command_result_number(command, "samples", (double)samples));
    RT_TRY(rt_command_result_number(command, "shards", rt_store_reader_shard_count(reader)));
    RT_TRY(rt_command_result_numbers(command, "per_class", per_class, d->classes));
    RT_TRY(rt_command_result_numbers(command, "shape", shape, RT_COUNT(shape)));
    RT_TRY(rt_command_result_numbers(command, "mean", survey->mean, d->channels));
    RT_TRY(rt_command_result_numbers(command, "std", survey->std, d->channels));
    RT_TRY(rt_command_result_text(command, "method", d->method));
    RT_TRY(rt_command_result_text(command, "teacher_arch", d->teacher_arch));
    RT_TRY(rt_command_result_text(command, "teacher_sha256", d->teacher_sha256));
    RT_TRY(rt_command_result_number(command, "seed", (double)d->seed));
    if (survey->options->model != NULL) {
        RT_TRY(rt_command_result_number(command, "model_accuracy", survey->judged.accuracy));
    }
    if (survey->options->png != NULL) {
        RT_TRY(rt_command_result_text(command, "grid", survey->options->png));
    }
    return command->json ? RT_OK : print_store(survey, reader);
}

/* Asks the classifier in a model file about every sample. */
static rt_status judge(rt_command *command, store_survey *survey, rt_store_reader *reader)
{
    const rt_store_description *d = survey->description;
    const rt_model_hints hints = {.channels = d->channels,
                                  .height = d->height,
                                  .width = d->width,
                                  .mean = d->mean,
                                  .std = d->std};
    rt_device *device;
    rt_network *network;
    RT_TRY(rt_command_open_device(command, NULL, &device));
    RT_TRY(rt_model_load(&network, device, survey->options->model, &hints, NULL));
    const rt_status status = rt_evaluate(&survey->judged, network, device, reader, JUDGED_AT_ONCE);
    rt_network_free(network);
    return status;
}

static rt_status verify(rt_command *command, const char *path)
{
    rt_store_verification found;
    RT_TRY(rt_store_verify(path, &found));
    RT_TRY(rt_command_result_bool(command, "verified", true));
    RT_TRY(rt_command_result_bool(command, "has_index", found.has_index));
    if (!command->json) {
        printf("verified: %u shards, %llu samples%s\n", found.shards,
               (unsigned long long)found.samples,
               found.has_index ? ", index" : "; there is no index, which Retort does not need");
    }
    return RT_OK;
}

rt_status rt_inspect_store(rt_command *command, const char *path, const rt_inspect_options *options)
{
    rt_status status = RT_OK;
    rt_store_reader *reader = NULL;
    store_survey survey = {.options = options, .seed = rt_command_seed(command, 0)};
    if (options->verify) RT_TRY_DONE(verify(command, path));
    RT_TRY_DONE(rt_store_open(&reader, path));
    survey.description = rt_store_reader_description(reader);
    survey.per_class =
        rt_arena_alloc(&command->arena, survey.description->classes, sizeof *survey.per_class);
    if (survey.per_class == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    if (options->model != NULL) RT_TRY_DONE(judge(command, &survey, reader));
    if (options->png != NULL) RT_TRY_DONE(begin_grid(&survey));
    if (options->npy != NULL) {
        RT_TRY_DONE(begin_arrays(&survey, &command->arena, rt_store_reader_sample_count(reader)));
    }
    if (options->pictures != NULL)
        RT_TRY_DONE(rt_pictures_begin(&survey.pictures, &command->arena, options->pictures,
                                      survey.description));
    RT_TRY_DONE(visit_all(&survey, reader));
    RT_TRY_DONE(end_arrays(&survey));
    if (options->png != NULL) RT_TRY_DONE(write_grid(&survey));
    RT_TRY_DONE(report_store(command, &survey, reader));
done:
    for (int i = 0; i < ARRAYS; i++) rt_npy_clear(&survey.arrays[i]);
    rt_evaluation_clear(&survey.judged);
    rt_pick_free(survey.pick);
    rt_store_reader_close(reader);
    return status;
}
