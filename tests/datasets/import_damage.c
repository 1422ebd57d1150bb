/* Damaged data sets: every truncation and many random mutants of small files either are refused
 * with RT_ERROR_INPUT or can be read to their end, and nothing crashes (the sanitizers watch).
 * RT_TEST_SEED draws other mutants, RT_TEST_MUTANTS another number of them. */
#include "datasets/import.h"

#include "common/base/random.h"
#include "common/formats/png.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { COUNT = 6, SIDE = 5, LARGEST = 1 << 16 };

static uint64_t number_of(const char *variable, uint64_t usual)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 10) : usual;
}

/* A file of bytes in memory. */
typedef struct bytes {
    uint8_t data[LARGEST];
    size_t size;
} bytes;

static bytes good, mutant;

static void put(bytes *file, const void *data, size_t size)
{
    cr_assert_leq(file->size + size, sizeof file->data);
    memcpy(file->data + file->size, data, size);
    file->size += size;
}

static void make_images(bytes *file)
{
    file->size = 0;
    put(file, "\0\0\x08\x03\0\0\0\x06\0\0\0\x05\0\0\0\x05", 16);
    for (uint8_t i = 0; i < COUNT * SIDE * SIDE; i++) put(file, &i, 1);
}

static void make_labels(bytes *file)
{
    file->size = 0;
    put(file, "\0\0\x08\x01\0\0\0\x06\0\1\2\0\1\2", 14);
}

static void make_cifar(bytes *file)
{
    static uint8_t record[3073];
    file->size = 0;
    for (uint8_t n = 0; n < 3; n++) {
        record[0] = n;
        put(file, record, sizeof record);
    }
}

static void pack(bytes *file)
{
    static uint8_t packed[LARGEST];
    z_stream stream = {.next_in = file->data,
                       .avail_in = (uInt)file->size,
                       .next_out = packed,
                       .avail_out = sizeof packed};
    cr_assert_eq(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    file->size = 0;
    put(file, packed, stream.total_out);
}

/* Opens a source and reads all of it, as an import does before it makes a store. */
static rt_status read_source(const char *format)
{
    const rt_import_options options = {
        .format = format, .source = rt_test_path("set"), .split = "test"};
    rt_import_source source = {0};
    const rt_importer *importer = rt_importers;
    while (strcmp(importer->name, format) != 0) importer++;
    rt_status status = importer->open(&source, &options);
    uint64_t sum = 0;
    for (uint64_t i = 0; status == RT_OK && i < source.count; i++) {
        rt_import_sample sample;
        status = source.read(&source, i, &sample);
        const size_t size = (size_t)sample.height * sample.width * source.channels;
        for (size_t k = 0; status == RT_OK && k < size; k++) sum += sample.pixels[k];
        cr_assert(status != RT_OK || (uint32_t)sample.label < source.classes);
    }
    cr_assert_geq(sum, 0); /* the pixels were looked at */
    if (source.close != NULL) source.close(&source);
    rt_arena_clear(&source.arena);
    return status;
}

/* One to three changes: a bit, a byte that means something, a cut, or a run of one byte. */
static void mutate(uint64_t seed, uint32_t number)
{
    static const uint8_t likely[] = {0, 1, 2, 3, 4, 8, 16, 127, 128, 255};
    mutant = good;
    uint32_t draws[4];
    rt_philox(seed, RT_STREAM_NOISE, 0, number, draws);
    for (uint32_t edit = 0; edit <= draws[0] % 3 && mutant.size > 0; edit++) {
        uint32_t d[4];
        rt_philox(seed, RT_STREAM_NOISE, edit + 1, number, d);
        /* Half of them in the first 32 bytes, where heads are. */
        const size_t at = d[0] % 2 == 0 ? d[1] % mutant.size : d[1] % 32 % mutant.size;
        const size_t run = 1 + d[3] % 64;
        if (d[2] % 4 == 0) mutant.data[at] ^= (uint8_t)(1 << d[3] % 8);
        if (d[2] % 4 == 1) mutant.data[at] = likely[d[3] % sizeof likely];
        if (d[2] % 4 == 2) mutant.size = at;
        if (d[2] % 4 == 3)
            memset(mutant.data + at, d[3] >> 24, run < mutant.size - at ? run : mutant.size - at);
    }
}

/* The file `name` of the set is cut and changed; the set's other files stay as they are. */
static void check_damage(const char *format, const char *name)
{
    const uint64_t seed = number_of("RT_TEST_SEED", 1);
    const uint32_t count = (uint32_t)number_of("RT_TEST_MUTANTS", 1500);
    uint32_t refused = 0;
    rt_test_write(rt_test_path(name), good.data, good.size);
    cr_assert_eq(read_source(format), RT_OK, "%s", rt_error_message());
    const size_t step = good.size > 1024 ? good.size / 512 : 1;
    for (size_t size = 0; size < good.size; size += step) {
        rt_test_write(rt_test_path(name), good.data, size);
        cr_assert_eq(read_source(format), RT_ERROR_INPUT, "%s cut to %zu bytes", name, size);
        cr_assert_not_null(strstr(rt_error_message(), rt_test_path("set")), "%s",
                           rt_error_message());
    }
    for (uint32_t i = 0; i < count; i++) {
        mutate(seed, i);
        rt_test_write(rt_test_path(name), mutant.data, mutant.size);
        const rt_status status = read_source(format);
        cr_assert(status == RT_OK || status == RT_ERROR_INPUT, "mutant %u of seed %llu of %s: %s",
                  i, (unsigned long long)seed, name, rt_error_message());
        refused += status == RT_ERROR_INPUT;
    }
    cr_assert(refused > count / 10 && refused < count, "%u of %u refused: the mutants are no test",
              refused, count);
    rt_test_write(rt_test_path(name), good.data, good.size);
}

static const char images_name[] = "set/t10k-images-idx3-ubyte";
static const char labels_name[] = "set/t10k-labels-idx1-ubyte";

Test(datasets_import_damage, idx)
{
    cr_assert_eq(mkdir(rt_test_path("set"), 0700), 0);
    make_labels(&good);
    rt_test_write(rt_test_path(labels_name), good.data, good.size);
    make_images(&good);
    check_damage("idx", images_name);
    make_labels(&good);
    check_damage("idx", labels_name);
}

Test(datasets_import_damage, packed_idx)
{
    cr_assert_eq(mkdir(rt_test_path("set"), 0700), 0);
    make_labels(&good);
    rt_test_write(rt_test_path(labels_name), good.data, good.size);
    make_images(&good);
    pack(&good);
    check_damage("idx", "set/t10k-images-idx3-ubyte.gz");
}

Test(datasets_import_damage, cifar)
{
    cr_assert_eq(mkdir(rt_test_path("set"), 0700), 0);
    make_cifar(&good);
    check_damage("cifar10", "set/test_batch.bin");
}

/* Files that change between being looked over and being read. */
Test(datasets_import_damage, files_that_change)
{
    rt_import_source source = {0};
    rt_import_sample sample;
    rt_import_options options = {
        .format = "cifar10", .source = rt_test_path("set"), .split = "train"};
    cr_assert_eq(mkdir(rt_test_path("set"), 0700), 0);
    make_cifar(&good);
    for (int i = 1; i <= 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "set/data_batch_%d.bin", i);
        rt_test_write(rt_test_path(name), good.data, good.size);
    }
    const rt_importer *importer = rt_importers;
    while (strcmp(importer->name, "cifar10") != 0) importer++;
    cr_assert_eq(importer->open(&source, &options), RT_OK, "%s", rt_error_message());
    cr_assert_eq(source.count, 15);
    rt_test_write(rt_test_path("set/data_batch_1.bin"), good.data, good.size - 3073);
    cr_assert_eq(source.read(&source, 0, &sample), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "data_batch_1.bin' was changed while"), "%s",
                       rt_error_message());
    source.close(&source);
    rt_arena_clear(&source.arena);

    uint8_t pixels[3 * 16] = {0};
    rt_image large = {4, 4, 3, pixels}, small = {2, 2, 3, pixels};
    cr_assert_eq(mkdir(rt_test_path("set/cat"), 0700), 0);
    cr_assert_eq(rt_png_write(&large, rt_test_path("set/cat/a.png")), RT_OK);
    options = (rt_import_options){.format = "folder", .source = rt_test_path("set")};
    source = (rt_import_source){0};
    while (strcmp(importer->name, "folder") != 0) importer++;
    cr_assert_eq(importer->open(&source, &options), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_png_write(&small, rt_test_path("set/cat/a.png")), RT_OK);
    cr_assert_eq(source.read(&source, 0, &sample), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "a.png' was changed while"), "%s",
                       rt_error_message());
    source.close(&source);
    rt_arena_clear(&source.arena);
}

/* A small file that would fill the memory: refused after 64 MiB. */
Test(datasets_import_damage, packed_bomb)
{
    static uint8_t zeros[1 << 20];
    cr_assert_eq(mkdir(rt_test_path("set"), 0700), 0);
    make_labels(&good);
    rt_test_write(rt_test_path(labels_name), good.data, good.size);
    gzFile packed = gzopen(rt_test_path("set/t10k-images-idx3-ubyte.gz"), "wb1");
    gzwrite(packed, "\0\0\x08\x03\0\0\0\x06\x10\0\0\0\x10\0\0\0", 16);
    for (int i = 0; i < 80; i++) gzwrite(packed, zeros, sizeof zeros);
    gzclose(packed);
    cr_assert_eq(read_source("idx"), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "unpacks to more than 67108864 bytes"), "%s",
                       rt_error_message());
    cr_assert_not_null(strstr(rt_error_message(), "gunzip"), "%s", rt_error_message());
}
