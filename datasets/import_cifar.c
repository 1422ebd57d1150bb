/* The binary version of CIFAR (cs.toronto.edu/~kriz/cifar.html): records of one label byte (two for
 * CIFAR-100: coarse and fine) and 32x32 pixels, a colour after the other. */
#include "common/base/io.h"
#include "datasets/import_formats.h"

#include <string.h>

enum { SIDE = 32, PLANE = SIDE * SIDE, MAX_FILES = 5, MAX_NAMES_BYTES = 64 << 10 };
static const uint64_t LARGEST_FILE = 1ull << 30;

typedef struct cifar_state {
    const char *paths[MAX_FILES];
    uint64_t counts[MAX_FILES];
    size_t label_bytes; ///< the last of them is the label
    uint32_t loaded;    ///< the file in `bytes`
    rt_buffer bytes;
    uint8_t pixels[PLANE * 3];
} cifar_state;

static size_t record_size(const cifar_state *state) { return state->label_bytes + 3 * PLANE; }

static rt_status load(cifar_state *state, uint32_t file)
{
    if (state->loaded == file && state->bytes.size > 0) return RT_OK;
    rt_buffer_clear(&state->bytes);
    RT_TRY(rt_file_read(&state->bytes, state->paths[file], LARGEST_FILE));
    state->loaded = file;
    return RT_OK;
}

static rt_status check_file(cifar_state *state, uint32_t file, uint32_t classes)
{
    RT_TRY(load(state, file));
    const size_t size = record_size(state);
    if (state->bytes.size == 0 || state->bytes.size % size != 0)
        return rt_fail(
            RT_ERROR_INPUT,
            "'%s' has %zu bytes, not a multiple of %zu: truncated or another format; give "
            "a folder of the binary version",
            state->paths[file], state->bytes.size, size);
    state->counts[file] = state->bytes.size / size;
    for (uint64_t i = 0; i < state->counts[file]; i++) {
        const uint8_t label = state->bytes.data[i * size + state->label_bytes - 1];
        if (label >= classes)
            return rt_fail(RT_ERROR_INPUT, "'%s' has label %u in record %llu; labels are below %u",
                           state->paths[file], label, (unsigned long long)i, classes);
    }
    return RT_OK;
}

static rt_status read_sample(rt_import_source *source, uint64_t sample, rt_import_sample *out)
{
    cifar_state *state = source->state;
    uint32_t file = 0;
    while (sample >= state->counts[file]) sample -= state->counts[file++];
    RT_TRY(load(state, file));
    if (state->bytes.size != state->counts[file] * record_size(state))
        return rt_fail(RT_ERROR_INPUT, "'%s' was changed while it was imported",
                       state->paths[file]);
    const uint8_t *record = state->bytes.data + sample * record_size(state);
    const uint8_t *planes = record + state->label_bytes;
    for (size_t p = 0; p < PLANE; p++)
        for (size_t c = 0; c < 3; c++) state->pixels[3 * p + c] = planes[c * PLANE + p];
    *out = (rt_import_sample){.pixels = state->pixels,
                              .height = SIDE,
                              .width = SIDE,
                              .label = record[state->label_bytes - 1]};
    return RT_OK;
}

static void close_source(rt_import_source *source)
{
    rt_buffer_clear(&((cifar_state *)source->state)->bytes);
}

/* Class names, a line each; a data set without the file gets numbers. */
static rt_status read_names(rt_import_source *source, const char *folder, const char *file)
{
    rt_status status = RT_OK;
    rt_buffer text = {0};
    const char *path = rt_path_join(&source->arena, folder, file);
    const char **names = rt_arena_alloc(&source->arena, source->classes, sizeof *names);
    if (path == NULL || names == NULL) return RT_ERROR_MEMORY;
    if (!rt_file_exists(path)) return RT_OK;
    RT_TRY_DONE(rt_file_read(&text, path, MAX_NAMES_BYTES));
    char *copy = rt_arena_strdup(&source->arena, (const char *)text.data);
    if (copy == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    uint32_t count = 0;
    char *rest;
    for (char *line = strtok_r(copy, "\r\n", &rest); line != NULL;
         line = strtok_r(NULL, "\r\n", &rest)) {
        if (count < source->classes) names[count] = line;
        count++;
    }
    if (count != source->classes)
        RT_TRY_DONE(rt_fail(RT_ERROR_INPUT, "'%s' has %u names for %u classes", path, count,
                            source->classes));
    source->class_names = names;
done:
    rt_buffer_clear(&text);
    return status;
}

/* What the two data sets differ in. */
typedef struct cifar_kind {
    uint32_t classes;
    size_t label_bytes;
    const char *train[MAX_FILES + 1], *test[2];
    const char *names;
} cifar_kind;

static rt_status open_cifar(rt_import_source *source, const rt_import_options *options,
                            const cifar_kind *kind)
{
    cifar_state *state = rt_arena_alloc(&source->arena, 1, sizeof *state);
    if (state == NULL) return RT_ERROR_MEMORY;
    source->state = state;
    source->close = close_source;
    source->read = read_sample;
    source->height = source->width = SIDE;
    source->channels = 3;
    source->classes = kind->classes;
    state->label_bytes = kind->label_bytes;
    if (options->split == NULL ||
        (strcmp(options->split, "train") != 0 && strcmp(options->split, "test") != 0))
        return rt_fail(RT_ERROR_INPUT, "give --split train or --split test for '%s'",
                       options->source);
    const char *const *files = strcmp(options->split, "train") == 0 ? kind->train : kind->test;
    for (uint32_t i = 0; files[i] != NULL; i++) {
        state->paths[i] = rt_path_join(&source->arena, options->source, files[i]);
        if (state->paths[i] == NULL) return RT_ERROR_MEMORY;
        RT_TRY(check_file(state, i, kind->classes));
        source->count += state->counts[i];
    }
    return read_names(source, options->source, kind->names);
}

rt_status rt_import_open_cifar10(rt_import_source *source, const rt_import_options *options)
{
    static const char *const names[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                        "dog",      "frog",       "horse", "ship", "truck"};
    static const cifar_kind kind = {
        .classes = RT_COUNT(names),
        .label_bytes = 1,
        .train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                  "data_batch_5.bin"},
        .test = {"test_batch.bin"},
        .names = "batches.meta.txt",
    };
    RT_TRY(open_cifar(source, options, &kind));
    if (source->class_names == NULL) source->class_names = names;
    return RT_OK;
}

rt_status rt_import_open_cifar100(rt_import_source *source, const rt_import_options *options)
{
    static const cifar_kind kind = {
        .classes = 100,
        .label_bytes = 2,
        .train = {"train.bin"},
        .test = {"test.bin"},
        .names = "fine_label_names.txt",
    };
    return open_cifar(source, options, &kind);
}
