/* IDX, the format of MNIST (yann.lecun.com/exdb/mnist): a big-endian head (two zero bytes, type 8 =
 * uint8, number of dimensions, the dimensions) and the bytes. */
#include "common/base/io.h"
#include "common/formats/gzip.h"
#include "datasets/import_formats.h"

#include <string.h>

enum { TYPE_UINT8 = 8, MAX_DIMENSIONS = 4 };
static const uint64_t LARGEST_FILE = 2ull << 30;
/* A gzip file unpacks to at most this, or to as many times its own size: MNIST's shrink 5-fold, and
 * a megabyte of zeros would become a gigabyte. */
enum { SMALL_FILE = 64 << 20, LARGEST_RATIO = 100 };

/* One IDX file in memory. */
typedef struct idx_file {
    rt_buffer bytes;
    uint32_t rank;
    uint32_t dimensions[MAX_DIMENSIONS];
    const uint8_t *data;
} idx_file;

typedef struct idx_state {
    idx_file images, labels;
} idx_state;

static rt_status read_bytes(rt_buffer *bytes, const char *path)
{
    rt_buffer packed = {0};
    RT_TRY(rt_file_read(&packed, path, LARGEST_FILE));
    if (!rt_gzip_recognise(packed.data, packed.size)) {
        *bytes = packed;
        return RT_OK;
    }
    uint64_t limit = packed.size * LARGEST_RATIO;
    if (limit < SMALL_FILE) limit = SMALL_FILE;
    if (limit > LARGEST_FILE) limit = LARGEST_FILE;
    const rt_status status = rt_gzip_decode(bytes, path, packed.data, packed.size, limit);
    rt_buffer_clear(&packed);
    return status;
}

static rt_status read_idx(idx_file *file, const char *path)
{
    RT_TRY(read_bytes(&file->bytes, path));
    const uint8_t *head = file->bytes.data;
    const size_t size = file->bytes.size;
    if (size < 4 || head[0] != 0 || head[1] != 0 || head[2] != TYPE_UINT8 || head[3] < 1 ||
        head[3] > MAX_DIMENSIONS)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' is not an IDX file of bytes; give one of MNIST's format", path);
    file->rank = head[3];
    const size_t head_size = 4 + 4 * (size_t)file->rank;
    if (size < head_size)
        return rt_fail(RT_ERROR_INPUT, "'%s' is truncated in its head; fetch it again", path);
    uint64_t product = 1;
    for (uint32_t i = 0; i < file->rank; i++) {
        const uint8_t *word = head + 4 + 4 * i;
        file->dimensions[i] =
            (uint32_t)word[0] << 24 | (uint32_t)word[1] << 16 | (uint32_t)word[2] << 8 | word[3];
        if (file->dimensions[i] == 0 ||
            __builtin_mul_overflow(product, file->dimensions[i], &product))
            return rt_fail(RT_ERROR_INPUT, "'%s' has impossible dimensions; fetch it again", path);
    }
    if (product != size - head_size)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' has %zu bytes of data where its head announces %llu: truncated or "
                       "damaged, fetch it again",
                       path, size - head_size, (unsigned long long)product);
    file->data = head + head_size;
    return RT_OK;
}

static rt_status read_sample(rt_import_source *source, uint64_t sample, rt_import_sample *out)
{
    const idx_state *state = source->state;
    const size_t size = (size_t)source->height * source->width * source->channels;
    *out = (rt_import_sample){.pixels = state->images.data + sample * size,
                              .height = source->height,
                              .width = source->width,
                              .label = state->labels.data[sample]};
    return RT_OK;
}

static void close_source(rt_import_source *source)
{
    idx_state *state = source->state;
    rt_buffer_clear(&state->images.bytes);
    rt_buffer_clear(&state->labels.bytes);
}

/* The path of a file that may also be there as .gz. */
static rt_status find_file(rt_arena *arena, const char *folder, const char *name, const char **path)
{
    *path = rt_path_join(arena, folder, name);
    const char *packed = *path != NULL ? rt_arena_printf(arena, "%s.gz", *path) : NULL;
    if (packed == NULL) return RT_ERROR_MEMORY;
    if (rt_file_exists(*path)) return RT_OK;
    if (!rt_file_exists(packed))
        return rt_fail(RT_ERROR_INPUT, "neither '%s' nor '%s' is there; fetch the data set's files",
                       *path, packed);
    *path = packed;
    return RT_OK;
}

/* "xyz-images-idx3-ubyte.gz" -> "xyz-labels-idx1-ubyte.gz" */
static rt_status labels_beside(rt_arena *arena, const char *images, const char **labels)
{
    static const char from[] = "images-idx3", to[] = "labels-idx1";
    const char *found = NULL;
    for (const char *next = strstr(images, from); next != NULL; next = strstr(next + 1, from))
        found = next;
    if (found == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' is neither a folder nor a file with 'images-idx3' in its name",
                       images);
    *labels =
        rt_arena_printf(arena, "%.*s%s%s", (int)(found - images), images, to, found + strlen(from));
    return *labels != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static rt_status find_files(rt_import_source *source, const rt_import_options *options,
                            const char **images, const char **labels)
{
    if (!rt_directory_exists(options->source)) {
        if (options->split != NULL)
            return rt_fail(RT_ERROR_INPUT,
                           "'%s' is no folder; a split can only be chosen from a folder",
                           options->source);
        *images = options->source;
        return labels_beside(&source->arena, *images, labels);
    }
    if (options->split == NULL ||
        (strcmp(options->split, "train") != 0 && strcmp(options->split, "test") != 0))
        return rt_fail(RT_ERROR_INPUT, "give --split train or --split test for '%s'",
                       options->source);
    const bool train = strcmp(options->split, "train") == 0;
    RT_TRY(find_file(&source->arena, options->source,
                     train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", images));
    return find_file(&source->arena, options->source,
                     train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte", labels);
}

rt_status rt_import_open_idx(rt_import_source *source, const rt_import_options *options)
{
    const char *images, *labels;
    idx_state *state = rt_arena_alloc(&source->arena, 1, sizeof *state);
    if (state == NULL) return RT_ERROR_MEMORY;
    source->state = state;
    source->close = close_source;
    source->read = read_sample;
    RT_TRY(find_files(source, options, &images, &labels));
    RT_TRY(read_idx(&state->images, images));
    RT_TRY(read_idx(&state->labels, labels));
    const uint32_t *dimensions = state->images.dimensions;
    const uint32_t channels = state->images.rank == 4 ? dimensions[3] : 1;
    if (state->images.rank < 3 || (channels != 1 && channels != 3))
        return rt_fail(RT_ERROR_INPUT, "'%s' does not hold gray or RGB images", images);
    if (state->labels.rank != 1)
        return rt_fail(RT_ERROR_INPUT, "'%s' does not hold labels", labels);
    if (state->labels.dimensions[0] != dimensions[0])
        return rt_fail(RT_ERROR_INPUT, "'%s' has %u images, but '%s' has %u labels", images,
                       dimensions[0], labels, state->labels.dimensions[0]);
    source->count = dimensions[0];
    source->height = dimensions[1];
    source->width = dimensions[2];
    source->channels = channels;
    for (uint64_t i = 0; i < source->count; i++)
        if (state->labels.data[i] >= source->classes) source->classes = state->labels.data[i] + 1u;
    return RT_OK;
}

rt_status rt_import_open_fashion_mnist(rt_import_source *source, const rt_import_options *options)
{
    static const char *const names[] = {"T-shirt/top", "Trouser",   "Pullover", "Dress",
                                        "Coat",        "Sandal",    "Shirt",    "Sneaker",
                                        "Bag",         "Ankle boot"};
    RT_TRY(rt_import_open_idx(source, options));
    if (source->classes > RT_COUNT(names) || source->channels != 1 || source->height != 28 ||
        source->width != 28)
        return rt_fail(RT_ERROR_INPUT, "'%s' is not Fashion-MNIST: %ux%u images of %u classes",
                       options->source, source->height, source->width, source->classes);
    source->classes = RT_COUNT(names);
    source->class_names = names;
    return RT_OK;
}
