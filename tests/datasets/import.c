#include "datasets/import.h"

#include "common/formats/png.h"
#include "datasets/store_reader.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static uint8_t pixel(uint32_t sample, size_t i) { return (uint8_t)(sample * 61 + i * 7); }

/* An IDX file of bytes; `data` NULL writes pixel(sample, i). */
static void write_idx(const char *path, int rank, const uint32_t *dimensions, const uint8_t *data,
                      size_t missing)
{
    uint8_t bytes[4096] = {0, 0, 8, (uint8_t)rank};
    size_t size = 1, at = 4;
    for (int i = 0; i < rank; i++) {
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes[at++] = (uint8_t)(dimensions[i] >> shift);
        size *= dimensions[i];
    }
    for (size_t i = 0; i < size && at + i < sizeof bytes; i++)
        bytes[at + i] = data != NULL ? data[i]
                                     : pixel((uint32_t)(i / (size / dimensions[0])),
                                             i % (size / dimensions[0]));
    rt_test_write(path, bytes, at + size - missing);
}

static const uint8_t labels[] = {2, 0, 1, 1, 2};
enum { COUNT = RT_COUNT(labels), HEIGHT = 4, WIDTH = 6 };

static const char *make_idx_folder(void)
{
    const char *folder = rt_test_path("idx");
    mkdir(folder, 0777);
    write_idx(rt_test_path("idx/train-images-idx3-ubyte"), 3, (uint32_t[]){COUNT, HEIGHT, WIDTH},
              NULL, 0);
    write_idx(rt_test_path("idx/train-labels-idx1-ubyte"), 1, (uint32_t[]){COUNT}, labels, 0);
    return folder;
}

static void write_png(const char *path, uint32_t height, uint32_t width, uint32_t channels,
                      uint32_t sample)
{
    rt_image image = {height, width, channels, NULL};
    cr_assert_eq(RT_ALLOC(image.pixels, (size_t)height * width * channels), RT_OK);
    for (size_t i = 0; i < (size_t)height * width * channels; i++)
        image.pixels[i] = pixel(sample, i);
    cr_assert_eq(rt_png_write(&image, path), RT_OK, "%s", rt_error_message());
    rt_image_clear(&image);
}

/* All samples of a store of one shard. */
static void read_all(rt_shard *shard, rt_store_reader **reader, const char *path)
{
    cr_assert_eq(rt_store_open(reader, path), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_store_reader_shard_count(*reader), 1);
    cr_assert_eq(rt_store_read_shard(*reader, 0, shard), RT_OK, "%s", rt_error_message());
}

static void expect_error(const rt_import_options *options, const char *message)
{
    char unfinished[1100];
    cr_expect_eq(rt_import(options, NULL), RT_ERROR_INPUT, "expected: %s", message);
    cr_expect_not_null(strstr(rt_error_message(), message), "expected '%s': %s", message,
                       rt_error_message());
    snprintf(unfinished, sizeof unfinished, "%s.importing", options->store);
    cr_expect_neq(access(options->store, F_OK), 0, "a store was left behind");
    cr_expect_neq(access(unfinished, F_OK), 0, "an unfinished store was left behind");
}

Test(datasets_import, idx)
{
    const rt_import_options options = {.format = "idx",
                                       .source = make_idx_folder(),
                                       .store = rt_test_path("out"),
                                       .split = "train"};
    rt_import_report report;
    rt_store_reader *reader;
    rt_shard shard = {0};
    double sum = 0, squares = 0;
    cr_assert_eq(rt_import(&options, &report), RT_OK, "%s", rt_error_message());
    cr_assert(report.samples == COUNT && report.height == HEIGHT && report.width == WIDTH &&
              report.channels == 1 && report.classes == 3);
    read_all(&shard, &reader, options.store);
    for (uint32_t n = 0; n < COUNT; n++) {
        cr_assert_eq(shard.samples.labels[n], labels[n]);
        for (size_t i = 0; i < HEIGHT * WIDTH; i++) {
            const double value = pixel(n, i) / 255.0;
            cr_assert_eq(shard.samples.images[n * HEIGHT * WIDTH + i], pixel(n, i));
            sum += value;
            squares += value * value;
        }
    }
    const rt_store_description *d = rt_store_reader_description(reader);
    const double mean = sum / (COUNT * HEIGHT * WIDTH);
    const double deviation = sqrt(squares / (COUNT * HEIGHT * WIDTH) - mean * mean);
    cr_assert_float_eq(d->mean[0], mean, 1e-6);
    cr_assert_float_eq(d->std[0], deviation, 1e-6);
    cr_assert_str_eq(d->method, "import idx");
    rt_shard_clear(&shard);
    rt_store_reader_close(reader);
    cr_assert_eq(rt_import(&options, NULL), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "is there already"));
}

Test(datasets_import, pads_with_zeros_and_reads_gzip)
{
    make_idx_folder();
    size_t size;
    void *plain = rt_test_read(rt_test_path("idx/train-images-idx3-ubyte"), &size);
    gzFile packed = gzopen(rt_test_path("idx/train-images-idx3-ubyte.gz"), "wb");
    gzwrite(packed, plain, (unsigned)size);
    gzclose(packed);
    free(plain);
    unlink(rt_test_path("idx/train-images-idx3-ubyte"));
    const rt_import_options options = {.format = "idx",
                                       .source = rt_test_path("idx"),
                                       .store = rt_test_path("out"),
                                       .split = "train",
                                       .pad = 2};
    rt_store_reader *reader;
    rt_shard shard = {0};
    cr_assert_eq(rt_import(&options, NULL), RT_OK, "%s", rt_error_message());
    read_all(&shard, &reader, options.store);
    const uint8_t *image = shard.samples.images;
    for (uint32_t n = 0; n < COUNT; n++)
        for (uint32_t y = 0; y < HEIGHT + 4; y++)
            for (uint32_t x = 0; x < WIDTH + 4; x++, image++) {
                const bool inside = y >= 2 && y < HEIGHT + 2 && x >= 2 && x < WIDTH + 2;
                cr_assert_eq(*image, inside ? pixel(n, (y - 2) * WIDTH + x - 2) : 0);
            }
    rt_shard_clear(&shard);
    rt_store_reader_close(reader);
}

Test(datasets_import, wrong_idx_is_an_error)
{
    make_idx_folder();
    const char *images = rt_test_path("idx/train-images-idx3-ubyte");
    const char *names = rt_test_path("idx/train-labels-idx1-ubyte");
    rt_import_options options = {
        .format = "idx", .source = rt_test_path("idx"), .store = rt_test_path("out")};
    expect_error(&options, "give --split");
    options.split = "validation";
    expect_error(&options, "give --split");
    options.split = "test";
    expect_error(&options, "t10k-images-idx3-ubyte");
    options.split = "train";
    write_idx(images, 3, (uint32_t[]){COUNT, HEIGHT, WIDTH}, NULL, 1);
    expect_error(&options, "truncated");
    write_idx(images, 3, (uint32_t[]){COUNT, HEIGHT, WIDTH}, NULL, (size_t)-1); /* one too many */
    expect_error(&options, "truncated");
    rt_test_write(images, "\0\0\x08\x03\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16);
    expect_error(&options, "impossible dimensions");
    rt_test_write(images, "\0\0\x08\x03\0\0\0\0\0\0\0\1\0\0\0\1", 16);
    expect_error(&options, "impossible dimensions");
    rt_test_write(images, "\0\0\x08\x03\0\0", 6);
    expect_error(&options, "truncated in its head");
    rt_test_write(images, "\0\0\x0D\x03", 4);
    expect_error(&options, "not an IDX file");
    rt_test_write(images, "", 0);
    expect_error(&options, "not an IDX file");
    write_idx(images, 2, (uint32_t[]){COUNT, HEIGHT * WIDTH}, NULL, 0);
    expect_error(&options, "gray or RGB");
    write_idx(images, 3, (uint32_t[]){COUNT - 1, HEIGHT, WIDTH}, NULL, 0);
    expect_error(&options, "5 labels");
    write_idx(images, 3, (uint32_t[]){COUNT, HEIGHT, WIDTH}, NULL, 0);
    write_idx(names, 3, (uint32_t[]){COUNT, 1, 1}, labels, 0);
    expect_error(&options, "does not hold labels");
    rt_test_write(names, "\x1F\x8B\x08\0garbage", 11);
    expect_error(&options, "fetch it again");
    options.source = rt_test_path("nowhere");
    options.split = NULL;
    expect_error(&options, "neither a folder nor");
    options.format = "imagenet";
    expect_error(&options, "there are: fashion-mnist, idx");
}

Test(datasets_import, fashion_mnist)
{
    static const char debian[] = "/usr/share/datasets/fashion-mnist";
    const rt_import_options options = {.format = "fashion-mnist",
                                       .source = debian,
                                       .store = rt_test_path("out"),
                                       .split = "test",
                                       .pad = 2};
    rt_import_report report;
    rt_store_reader *reader;
    if (access(debian, R_OK) != 0) cr_skip_test("dataset-fashion-mnist is not installed");
    cr_assert_eq(rt_import(&options, &report), RT_OK, "%s", rt_error_message());
    cr_assert(report.samples == 10000 && report.height == 32 && report.width == 32);
    /* The published mean and deviation of the unpadded training images are 0.2860 and 0.3530; the
     * test set's mean is 0.2868, and padding scales it by (28/32)^2. */
    cr_assert_float_eq(report.mean[0], 0.2868 * 784 / 1024, 2e-4);
    cr_assert_eq(rt_store_open(&reader, options.store), RT_OK);
    cr_assert_str_eq(rt_store_reader_description(reader)->class_names[9], "Ankle boot");
    uint32_t counts[10] = {0};
    for (uint32_t i = 0; i < rt_store_reader_shard_count(reader); i++) {
        rt_shard shard = {0};
        cr_assert_eq(rt_store_read_shard(reader, i, &shard), RT_OK);
        if (i == 0) cr_assert(shard.samples.labels[0] == 9 && shard.samples.labels[1] == 2);
        for (size_t n = 0; n < shard.samples.count; n++) counts[shard.samples.labels[n]]++;
        rt_shard_clear(&shard);
    }
    for (int k = 0; k < 10; k++) cr_assert_eq(counts[k], 1000);
    rt_store_reader_close(reader);
    make_idx_folder();
    const rt_import_options other = {.format = "fashion-mnist",
                                     .source = rt_test_path("idx"),
                                     .store = rt_test_path("other"),
                                     .split = "train"};
    expect_error(&other, "is not Fashion-MNIST");
}

/* Records of CIFAR; `last_label` is the label of the last one. */
static void write_cifar(const char *path, size_t label_bytes, uint32_t records, uint8_t last_label,
                        size_t missing)
{
    const size_t record = label_bytes + 3072;
    uint8_t *bytes = malloc(records * record);
    for (uint32_t n = 0; n < records; n++) {
        uint8_t *at = bytes + n * record;
        at[0] = 19; /* CIFAR-100's coarse label, which is not the label */
        at[label_bytes - 1] = n + 1 == records ? last_label : (uint8_t)(n % 10);
        for (size_t i = 0; i < 3072; i++) at[label_bytes + i] = pixel(n, i);
    }
    rt_test_write(path, bytes, records * record - missing);
    free(bytes);
}

Test(datasets_import, cifar)
{
    char name[64];
    rt_store_reader *reader;
    rt_shard shard = {0};
    mkdir(rt_test_path("cifar"), 0777);
    for (int i = 1; i <= 5; i++) {
        snprintf(name, sizeof name, "cifar/data_batch_%d.bin", i);
        write_cifar(rt_test_path(name), 1, 4, (uint8_t)i, 0);
    }
    write_cifar(rt_test_path("cifar/test_batch.bin"), 1, 1, 10, 0);
    write_cifar(rt_test_path("cifar/train.bin"), 2, 3, 99, 0);
    rt_import_options options = {.format = "cifar10",
                                 .source = rt_test_path("cifar"),
                                 .store = rt_test_path("ten"),
                                 .split = "train"};
    cr_assert_eq(rt_import(&options, NULL), RT_OK, "%s", rt_error_message());
    read_all(&shard, &reader, options.store);
    cr_assert(shard.samples.count == 20 && shard.samples.labels[11] == 3 &&
              shard.samples.labels[19] == 5);
    for (size_t p = 0; p < 1024; p++)
        for (size_t c = 0; c < 3; c++)
            cr_assert_eq(shard.samples.images[5 * 3072 + 3 * p + c], pixel(1, c * 1024 + p));
    cr_assert_str_eq(rt_store_reader_description(reader)->class_names[9], "truck");
    rt_shard_clear(&shard);
    rt_store_reader_close(reader);

    options.format = "cifar100";
    options.store = rt_test_path("hundred");
    rt_test_write(rt_test_path("cifar/fine_label_names.txt"), "apple\nbear\n", 11);
    expect_error(&options, "2 names for 100 classes");
    unlink(rt_test_path("cifar/fine_label_names.txt"));
    cr_assert_eq(rt_import(&options, NULL), RT_OK, "%s", rt_error_message());
    read_all(&shard, &reader, options.store);
    cr_assert(shard.samples.count == 3 && shard.samples.labels[0] == 0 &&
              shard.samples.labels[2] == 99);
    cr_assert_eq(rt_store_reader_description(reader)->classes, 100);
    rt_shard_clear(&shard);
    rt_store_reader_close(reader);

    options = (rt_import_options){.format = "cifar10",
                                  .source = rt_test_path("cifar"),
                                  .store = rt_test_path("bad"),
                                  .split = "test"};
    expect_error(&options, "label 10 in record 0");
    write_cifar(rt_test_path("cifar/test_batch.bin"), 1, 2, 1, 1);
    expect_error(&options, "not a multiple of 3073");
    rt_test_write(rt_test_path("cifar/test_batch.bin"), "", 0);
    expect_error(&options, "test_batch.bin");
    unlink(rt_test_path("cifar/test_batch.bin"));
    expect_error(&options, "test_batch.bin");
}

/* Which of the made-up images row `n` is. */
static uint32_t find_sample(const rt_shard *shard, size_t n, size_t image)
{
    for (uint32_t sample = 0; sample < 64; sample++) {
        size_t i = 0;
        while (i < image && shard->samples.images[n * image + i] == pixel(sample, i)) i++;
        if (i == image) return sample;
    }
    cr_assert_fail("row %zu is none of the images", n);
    return 0;
}

static const char *make_folder(void)
{
    char name[64];
    mkdir(rt_test_path("pictures"), 0777);
    mkdir(rt_test_path("pictures/cat"), 0777);
    mkdir(rt_test_path("pictures/dog"), 0777);
    for (uint32_t i = 0; i < 40; i++) { /* sample i: dog if i >= 20 */
        snprintf(name, sizeof name, "pictures/%s/%02u.png", i < 20 ? "cat" : "dog", i);
        write_png(rt_test_path(name), 5, 4, 3, i);
    }
    rt_test_write(rt_test_path("pictures/cat/notes.txt"), "x", 1); /* not a picture */
    rt_test_write(rt_test_path("pictures/README"), "x", 1);
    rt_test_write(rt_test_path("pictures/cat/.hidden.png"), "x", 1);
    return rt_test_path("pictures");
}

Test(datasets_import, folder_is_mixed_and_complete)
{
    rt_import_options options = {
        .format = "folder", .source = make_folder(), .store = rt_test_path("out"), .seed = 1};
    rt_store_reader *reader;
    rt_shard shard = {0};
    int seen[40] = {0}, changes = 0;
    cr_assert_eq(rt_import(&options, NULL), RT_OK, "%s", rt_error_message());
    read_all(&shard, &reader, options.store);
    cr_assert_eq(shard.samples.count, 40);
    for (size_t n = 0; n < 40; n++) {
        const uint32_t sample = find_sample(&shard, n, 5 * 4 * 3);
        seen[sample]++;
        cr_assert_eq(shard.samples.labels[n], sample >= 20);
        if (n > 0) changes += shard.samples.labels[n] != shard.samples.labels[n - 1];
    }
    for (int i = 0; i < 40; i++) cr_assert_eq(seen[i], 1);
    cr_assert_gt(changes, 8, "the classes are not mixed");
    cr_assert_str_eq(rt_store_reader_description(reader)->class_names[1], "dog");
    rt_shard_clear(&shard);
    rt_store_reader_close(reader);
    options.store = rt_test_path("again");
    cr_assert_eq(rt_import(&options, NULL), RT_OK);
    cr_assert(rt_test_same(rt_test_path("out"), rt_test_path("again"), "lock"));
}

Test(datasets_import, folder_with_domains)
{
    mkdir(rt_test_path("pacs"), 0777);
    mkdir(rt_test_path("pacs/art"), 0777);
    mkdir(rt_test_path("pacs/photo"), 0777);
    mkdir(rt_test_path("pacs/art/dog"), 0777);
    mkdir(rt_test_path("pacs/photo/cat"), 0777);
    mkdir(rt_test_path("pacs/photo/dog"), 0777);
    write_png(rt_test_path("pacs/art/dog/0.png"), 3, 3, 1, 0);
    write_png(rt_test_path("pacs/photo/cat/1.png"), 3, 3, 1, 1);
    write_png(rt_test_path("pacs/photo/dog/2.PNG"), 3, 3, 1, 2);
    const rt_import_options options = {
        .format = "folder", .source = rt_test_path("pacs"), .store = rt_test_path("out")};
    static const int32_t expected_labels[] = {1, 0, 1};
    static const uint16_t expected_domains[] = {0, 1, 1};
    rt_store_reader *reader;
    rt_shard shard = {0};
    cr_assert_eq(rt_import(&options, NULL), RT_OK, "%s", rt_error_message());
    read_all(&shard, &reader, options.store);
    cr_assert_eq(shard.samples.count, 3);
    for (size_t n = 0; n < 3; n++) {
        const uint32_t sample = find_sample(&shard, n, 9);
        cr_assert_eq(shard.samples.labels[n], expected_labels[sample]);
        cr_assert_eq(shard.samples.domain[n], expected_domains[sample]);
    }
    cr_assert_str_eq(rt_store_reader_description(reader)->domain_names[0], "art");
    cr_assert_str_eq(rt_store_reader_description(reader)->class_names[0], "cat");
    rt_shard_clear(&shard);
    rt_store_reader_close(reader);
    mkdir(rt_test_path("pacs/empty"), 0777);
    const rt_import_options mixed = {
        .format = "folder", .source = rt_test_path("pacs"), .store = rt_test_path("mixed")};
    expect_error(&mixed, "mixes");
}

Test(datasets_import, one_bad_picture_is_named)
{
    rt_import_options options = {
        .format = "folder", .source = make_folder(), .store = rt_test_path("out")};
    const char *bad = rt_test_path("pictures/dog/30.png");
    size_t size;
    uint8_t *good = rt_test_read(bad, &size);
    rt_test_write(bad, good, size - 20);
    expect_error(&options, "dog/30.png");
    good[size / 2] ^= 1;
    rt_test_write(bad, good, size);
    expect_error(&options, "dog/30.png");
    free(good);
    rt_test_write(bad, "GIF89a", 6);
    expect_error(&options, "dog/30.png");
    unlink(bad);
    rt_test_write(rt_test_path("pictures/dog/a\n\x1B[31m.png"), "GIF89a", 6);
    expect_error(&options, "a\\x0a\\x1b[31m.png");
    unlink(rt_test_path("pictures/dog/a\n\x1B[31m.png"));
    write_png(bad, 6, 4, 3, 30);
    expect_error(&options, "several sizes; give one with --resize");
    options.source = rt_test_path("pictures/cat");
    expect_error(&options, "no folders");
    options.source = rt_test_path("none");
    expect_error(&options, "does not exist");
    mkdir(rt_test_path("bare"), 0777);
    mkdir(rt_test_path("bare/class"), 0777);
    options.source = rt_test_path("bare");
    expect_error(&options, "holds no images");
    cr_assert_eq(symlink("..", rt_test_path("bare/class/loop")), 0);
    expect_error(&options, "bare"); /* and does not run in circles */
    options.source = rt_test_path("pictures");
    options.split = "train";
    expect_error(&options, "no folder 'train'");
}

Test(datasets_import, split_resize_and_gray_among_coloured)
{
    mkdir(rt_test_path("set"), 0777);
    mkdir(rt_test_path("set/train"), 0777);
    mkdir(rt_test_path("set/test"), 0777);
    mkdir(rt_test_path("set/train/a"), 0777);
    mkdir(rt_test_path("set/test/a"), 0777);
    write_png(rt_test_path("set/train/a/big.png"), 8, 8, 3, 1);
    write_png(rt_test_path("set/train/a/gray.png"), 4, 4, 1, 2);
    write_png(rt_test_path("set/test/a/other.png"), 4, 4, 3, 3);
    rt_import_options options = {
        .format = "folder", .source = rt_test_path("set"), .store = rt_test_path("out")};
    expect_error(&options, "give --split");
    options.split = "train";
    options.resize_height = options.resize_width = 4;
    rt_import_report report;
    rt_store_reader *reader;
    rt_shard shard = {0};
    cr_assert_eq(rt_import(&options, &report), RT_OK, "%s", rt_error_message());
    cr_assert(report.samples == 2 && report.channels == 3 && report.height == 4);
    read_all(&shard, &reader, options.store);
    const uint8_t *first = shard.samples.images, *second = first + 48;
    const uint8_t *gray = first[0] == first[1] && first[1] == first[2] ? first : second;
    const uint8_t *big = gray == first ? second : first;
    for (size_t p = 0; p < 16; p++)
        for (int c = 0; c < 3; c++) {
            cr_assert_eq(gray[3 * p + (size_t)c], pixel(2, p));
            int sum = 0; /* half the size: means of 2x2 blocks */
            for (size_t k = 0; k < 4; k++)
                sum += pixel(1, ((p / 4 * 2 + k / 2) * 8 + p % 4 * 2 + k % 2) * 3 + (size_t)c);
            cr_assert_eq(big[3 * p + (size_t)c], (sum + 2) / 4);
        }
    rt_shard_clear(&shard);
    rt_store_reader_close(reader);
}

/* Every k-th call and allocation fails: no store is left, and then it works as if nothing was. */
Test(datasets_import, failures_leave_nothing)
{
    rt_import_options options = {.format = "idx",
                                 .source = make_idx_folder(),
                                 .store = rt_test_path("whole"),
                                 .split = "train",
                                 .shard_samples = 2};
    cr_assert_eq(rt_import(&options, NULL), RT_OK);
    options.store = rt_test_path("out");
    bool reached = true;
    for (unsigned k = 1; reached; k++) {
        rt_test_fail_io(k, ENOSPC, false);
        const rt_status status = rt_import(&options, NULL);
        reached = rt_test_io_failed();
        rt_test_fail_io(0, 0, false);
        if (status != RT_OK) {
            cr_assert(status == RT_ERROR_IO || status == RT_ERROR_INPUT);
            /* Only the very last sync may fail with the store in place: then it is whole. */
            if (access(options.store, F_OK) != 0) continue;
        }
        cr_assert(rt_test_same(rt_test_path("whole"), options.store, "lock"), "call %u", k);
        cr_assert_eq(rename(options.store, rt_test_path("aside")), 0);
        for (int i = 0; i < 8; i++) {
            static const char *const files[] = {"index.h5", "lock"};
            char name[64];
            snprintf(name, sizeof name, "aside/shard-%06d.h5", i);
            unlink(rt_test_path(name));
            snprintf(name, sizeof name, "aside/%s", files[i % 2]);
            unlink(rt_test_path(name));
        }
        rmdir(rt_test_path("aside"));
    }
    rt_status status = RT_ERROR_MEMORY;
    for (uint64_t nth = 1; status != RT_OK; nth++) {
        rt_alloc_fail_at(nth, false);
        status = rt_import(&options, NULL);
        rt_alloc_fail_at(0, false);
        cr_assert(status == RT_OK || status == RT_ERROR_MEMORY, "%s", rt_error_message());
        cr_assert_eq(access(options.store, F_OK) == 0, status == RT_OK);
    }
    cr_assert(rt_test_same(rt_test_path("whole"), options.store, "lock"));
}
