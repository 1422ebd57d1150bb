#include "datasets/loader.h"

#include "datasets/loader_order.h"
#include "datasets/sample_source.h"
#include "tests/datasets/support.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes of one sample of rt_test_description. */
enum { SAMPLE_BYTES = 6 * 5 * 3 + 4 + 12 + 4 + 2, IMAGE = 6 * 5 * 4, CLASSES = 3 };

static const uint32_t many_shards[] = {8, 3, 8, 1, 30, 2, 2, 2, 2, 2, 17, 5, 5, 5, 5};
enum { MANY_COUNT = 97 };

typedef struct test_batch {
    rt_batch batch;
    float images[64 * IMAGE];
    int32_t labels[64];
    float teacher_logits[64 * CLASSES];
    uint64_t indices[64];
} test_batch;

static rt_batch *clean(test_batch *b)
{
    memset(b, 0x5A, sizeof *b);
    b->batch = (rt_batch){.images = b->images,
                          .labels = b->labels,
                          .teacher_logits = b->teacher_logits,
                          .indices = b->indices};
    return &b->batch;
}

static rt_store_reader *open_store(const char *name, const uint32_t *shards, uint32_t count)
{
    rt_store_reader *reader;
    rt_test_store(rt_test_path(name), &rt_test_description, shards, count);
    cr_assert_eq(rt_store_open(&reader, rt_test_path(name)), RT_OK, "%s", rt_error_message());
    return reader;
}

static rt_loader *make_loader(rt_store_reader *const *stores, size_t count, uint32_t batch_size,
                              bool training, uint64_t window_bytes)
{
    rt_loader *loader;
    const rt_loader_options options = {.stores = stores,
                                       .store_count = count,
                                       .batch_size = batch_size,
                                       .training = training,
                                       .teacher_logits = true,
                                       .seed = 5,
                                       .window_bytes = window_bytes};
    cr_assert_eq(rt_loader_create(&loader, &options), RT_OK, "%s", rt_error_message());
    return loader;
}

/* Every row is the sample that its index names, as [0,1] floats with zeros as padding. */
static void check_rows(const test_batch *b, uint32_t batch_size)
{
    for (uint32_t row = 0; row < batch_size; row++) {
        rt_test_samples e;
        const bool valid = row < b->batch.count;
        rt_test_samples_make(&e, &rt_test_description, valid ? b->indices[row] : 0, 1);
        cr_assert_eq(b->labels[row], valid ? e.labels[0] : 0);
        for (int i = 0; i < IMAGE; i++) {
            const float pixel = i % 4 == 3 ? 0 : (float)e.images[i / 4 * 3 + i % 4] / 255.0f;
            cr_assert_eq(b->images[row * IMAGE + i], valid ? pixel : 0);
        }
        for (int k = 0; k < CLASSES; k++)
            cr_assert_eq(b->teacher_logits[row * CLASSES + k], valid ? e.teacher_logits[k] : 0);
        rt_test_samples_clear(&e);
    }
}

/* Windows from one shard each to everything, and a batch size that does not divide anything. */
static const uint64_t windows[] = {1, 8 * SAMPLE_BYTES, 40 * SAMPLE_BYTES, 80 * SAMPLE_BYTES, 0};

Test(datasets_loader, an_epoch_has_every_sample_once)
{
    rt_store_reader *reader = open_store("store", many_shards, RT_COUNT(many_shards));
    cr_assert_eq(rt_store_reader_sample_count(reader), MANY_COUNT);
    for (size_t w = 0; w < RT_COUNT(windows); w++) {
        rt_loader *loader = make_loader(&reader, 1, 10, true, windows[w]);
        uint64_t first_of_epoch[3];
        cr_assert_eq(rt_loader_steps(loader), 9);
        for (uint32_t epoch = 0; epoch < 3; epoch++) {
            int seen[MANY_COUNT] = {0};
            for (uint64_t step = 0; step < 9; step++) {
                test_batch b;
                cr_assert_eq(rt_loader_next(loader, clean(&b)), RT_OK, "%s", rt_error_message());
                cr_assert(b.batch.count == 10 && b.batch.epoch == epoch && b.batch.step == step);
                check_rows(&b, 10);
                for (int row = 0; row < 10; row++)
                    cr_assert_eq(seen[b.indices[row]]++, 0, "window %zu", w);
                if (step == 0) first_of_epoch[epoch] = b.indices[0] * 1000 + b.indices[1];
            }
        }
        cr_assert(first_of_epoch[0] != first_of_epoch[1] || first_of_epoch[1] != first_of_epoch[2]);
        cr_assert_gt(rt_loader_seconds(loader), 0);
        rt_loader_free(loader);
    }
    rt_store_reader_close(reader);
}

Test(datasets_loader, evaluation_keeps_order_and_rest)
{
    rt_store_reader *reader = open_store("store", many_shards, RT_COUNT(many_shards));
    for (size_t w = 0; w < RT_COUNT(windows); w++) {
        rt_loader *loader = make_loader(&reader, 1, 10, false, windows[w]);
        cr_assert_eq(rt_loader_steps(loader), 10);
        for (uint64_t step = 0; step < 20; step++) {
            test_batch b;
            cr_assert_eq(rt_loader_next(loader, clean(&b)), RT_OK);
            cr_assert_eq(b.batch.count, step % 10 == 9 ? 7 : 10);
            for (uint32_t row = 0; row < b.batch.count; row++)
                cr_assert_eq(b.indices[row], step % 10 * 10 + row);
            check_rows(&b, 10);
        }
        rt_loader_free(loader);
    }
    rt_store_reader_close(reader);
}

/* The order is a function of (seed, epoch), wherever the loader was before. */
Test(datasets_loader, seek_gives_what_a_run_would)
{
    enum { STEPS = 9, EPOCHS = 3 };
    static const struct {
        uint32_t epoch;
        uint64_t step;
    } places[] = {{2, 4}, {0, 0}, {0, 8}, {1, 0}, {1, 8}, {0, 3}, {2, 8}, {2, 7}, {0, 26}, {1, 1}};
    rt_store_reader *reader = open_store("store", many_shards, RT_COUNT(many_shards));
    for (size_t w = 0; w < RT_COUNT(windows); w++) {
        uint64_t run[EPOCHS * STEPS][10];
        test_batch b;
        rt_loader *loader = make_loader(&reader, 1, 10, true, windows[w]);
        for (int i = 0; i < EPOCHS * STEPS; i++) {
            cr_assert_eq(rt_loader_next(loader, clean(&b)), RT_OK);
            memcpy(run[i], b.indices, sizeof run[i]);
        }
        for (int fresh = 0; fresh < 2; fresh++)
            for (size_t i = 0; i < RT_COUNT(places); i++) {
                uint32_t epoch;
                uint64_t step;
                if (fresh) {
                    rt_loader_free(loader);
                    loader = make_loader(&reader, 1, 10, true, windows[w]);
                }
                rt_loader_seek(loader, places[i].epoch, places[i].step);
                cr_assert_eq(rt_loader_next(loader, clean(&b)), RT_OK);
                const uint64_t at = places[i].epoch * STEPS + places[i].step;
                cr_assert_eq(memcmp(b.indices, run[at], sizeof run[at]), 0, "window %zu", w);
                rt_loader_position(loader, &epoch, &step);
                cr_assert_eq(epoch * STEPS + step, at + 1);
            }
        rt_loader_free(loader);
    }
    rt_store_reader_close(reader);
}

Test(datasets_loader, the_seed_makes_the_order)
{
    rt_store_reader *reader = open_store("store", many_shards, RT_COUNT(many_shards));
    rt_loader_options options = {
        .stores = &reader, .store_count = 1, .batch_size = 60, .training = true, .seed = 1};
    uint64_t orders[2][60];
    for (int i = 0; i < 2; i++) {
        rt_loader *loader;
        test_batch b;
        options.seed = 1 + (uint64_t)i;
        cr_assert_eq(rt_loader_create(&loader, &options), RT_OK);
        clean(&b);
        b.batch.teacher_logits = NULL;
        cr_assert_eq(rt_loader_next(loader, &b.batch), RT_OK);
        memcpy(orders[i], b.indices, sizeof orders[i]);
        rt_loader_free(loader);
    }
    cr_assert_neq(memcmp(orders[0], orders[1], sizeof orders[0]), 0);
    rt_store_reader_close(reader);
}

/* In one window every order of samples is equally likely: a sample is at each place as often as at
 * any other (chi-squared, 9 degrees of freedom a sample). */
Test(datasets_loader, the_shuffle_is_even)
{
    enum { ITEMS = 10, EPOCHS = 4000 };
    int counts[ITEMS][ITEMS] = {0};
    const rt_loader_shard shards[] = {{0, 0, 4, 0}, {0, 1, 6, 4}};
    uint32_t order_shards[2], permutation[ITEMS];
    rt_window order_windows[2];
    rt_epoch_order order = {order_shards, order_windows, 0};
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        rt_epoch_order_make(&order, shards, 2, ITEMS, true, 3, epoch);
        cr_assert_eq(order.window_count, 1);
        rt_window_permute(permutation, &order.windows[0], true, 3, epoch);
        for (int place = 0; place < ITEMS; place++) counts[permutation[place]][place]++;
    }
    for (int item = 0; item < ITEMS; item++) {
        double sum = 0;
        const double expected = EPOCHS / (double)ITEMS;
        for (int place = 0; place < ITEMS; place++)
            sum += pow(counts[item][place] - expected, 2) / expected;
        cr_assert_lt(sum, 33.7, "item %d: %g", item, sum); /* p = 0.0001 */
    }
}

Test(datasets_loader, mixes_stores)
{
    static const uint32_t few[] = {4, 9};
    rt_store_reader *readers[] = {open_store("a", many_shards, 3), open_store("b", few, 2)};
    int seen[32] = {0};
    rt_loader *loader = make_loader(readers, 2, 8, true, 0);
    cr_assert_eq(rt_loader_samples(loader), 19 + 13);
    for (int step = 0; step < 4; step++) {
        test_batch b;
        cr_assert_eq(rt_loader_next(loader, clean(&b)), RT_OK);
        for (int row = 0; row < 8; row++) {
            const uint64_t sample = b.indices[row] < 19 ? b.indices[row] : b.indices[row] - 19;
            cr_assert_eq(b.labels[row], (int32_t)(sample % 3));
            seen[b.indices[row]]++;
        }
    }
    for (int i = 0; i < 32; i++) cr_assert_eq(seen[i], 1);
    rt_loader_free(loader);
    rt_store_reader_close(readers[0]);
    rt_store_reader_close(readers[1]);
}

Test(datasets_loader, refuses_what_does_not_fit)
{
    rt_store_description other = rt_test_description;
    rt_loader *loader;
    rt_store_reader *readers[2] = {open_store("a", many_shards, 2), NULL};
    const uint32_t shards[] = {30};
    other.height = 7;
    rt_test_store(rt_test_path("tall"), &other, shards, 1);
    cr_assert_eq(rt_store_open(&readers[1], rt_test_path("tall")), RT_OK);
    rt_loader_options options = {.stores = readers, .store_count = 2, .batch_size = 4};
    cr_assert_eq(rt_loader_create(&loader, &options), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "cannot be mixed"));
    rt_store_reader_close(readers[1]);

    other.height = 6;
    other.columns &= ~(uint32_t)RT_COLUMN_TEACHER_LOGITS;
    rt_test_store(rt_test_path("bare"), &other, shards, 1);
    cr_assert_eq(rt_store_open(&readers[1], rt_test_path("bare")), RT_OK);
    options.teacher_logits = true;
    cr_assert_eq(rt_loader_create(&loader, &options), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "no teacher logits"));
    options.store_count = 1;
    options.training = true;
    options.batch_size = 12;
    cr_assert_eq(rt_loader_create(&loader, &options), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "lower batch_size"));
    rt_store_reader_close(readers[0]);
    rt_store_reader_close(readers[1]);
}

/* The thread's error reaches the caller, names the shard, and goes away with its cause. */
Test(datasets_loader, a_lost_shard_is_an_error_of_next)
{
    rt_store_reader *reader = open_store("store", many_shards, RT_COUNT(many_shards));
    for (size_t w = 0; w < RT_COUNT(windows); w++) {
        rt_loader *loader = make_loader(&reader, 1, 10, false, windows[w]);
        const char *path = rt_test_path("store/shard-000004.h5"), *aside = rt_test_path("aside");
        test_batch b;
        rt_status status = RT_OK;
        cr_assert_eq(rename(path, aside), 0);
        for (int step = 0; step < 10 && status == RT_OK; step++)
            status = rt_loader_next(loader, clean(&b));
        cr_assert_eq(status, RT_ERROR_INPUT);
        cr_assert_not_null(strstr(rt_error_message(), "shard-000004.h5"), "%s", rt_error_message());
        cr_assert_eq(rename(aside, path), 0);
        cr_assert_eq(rt_loader_next(loader, clean(&b)), RT_OK, "%s", rt_error_message());
        check_rows(&b, 10);
        rt_loader_free(loader);
    }
    rt_store_reader_close(reader);
}

Test(datasets_loader, survives_lack_of_memory)
{
    rt_store_reader *reader = open_store("store", many_shards, RT_COUNT(many_shards));
    for (size_t w = 0; w < RT_COUNT(windows); w += 4) {
        rt_status status = RT_ERROR_MEMORY;
        for (uint64_t nth = 1; status != RT_OK; nth++) {
            rt_loader *loader;
            const rt_loader_options options = {.stores = &reader,
                                               .store_count = 1,
                                               .batch_size = 10,
                                               .training = true,
                                               .window_bytes = windows[w]};
            test_batch b;
            clean(&b);
            b.batch.teacher_logits = NULL;
            rt_alloc_fail_at(nth, true);
            status = rt_loader_create(&loader, &options);
            for (int step = 0; step < 12 && status == RT_OK; step++)
                status = rt_loader_next(loader, &b.batch);
            rt_alloc_fail_at(0, false);
            cr_assert(status == RT_OK || status == RT_ERROR_MEMORY, "%s", rt_error_message());
            rt_loader_free(loader);
        }
    }
    rt_store_reader_close(reader);
}

static size_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert(file != NULL && fscanf(file, "%*u %lu", &pages) == 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* 32 MiB of decoded samples pass through a window of 2 MiB. */
Test(datasets_loader, memory_does_not_grow_with_the_store)
{
#ifdef __SANITIZE_ADDRESS__
    cr_skip_test("AddressSanitizer keeps freed memory");
#endif
    enum { SIDE = 32, SHARDS = 64, SHARD_SAMPLES = 512, BATCH = 64 };
    const rt_store_description description = {
        .height = SIDE, .width = SIDE, .channels = 1, .classes = 4, .std = {1}};
    uint32_t shards[SHARDS];
    rt_store_reader *reader;
    rt_loader *loader;
    for (int i = 0; i < SHARDS; i++) shards[i] = SHARD_SAMPLES;
    rt_test_store(rt_test_path("store"), &description, shards, SHARDS);
    cr_assert_eq(rt_store_open(&reader, rt_test_path("store")), RT_OK);
    rt_batch batch = {.images = malloc(sizeof(float) * BATCH * SIDE * SIDE * 4),
                      .labels = malloc(sizeof(int32_t) * BATCH)};
    const rt_loader_options options = {.stores = &reader,
                                       .store_count = 1,
                                       .batch_size = BATCH,
                                       .training = true,
                                       .window_bytes = 2 << 20};
    cr_assert_eq(rt_loader_create(&loader, &options), RT_OK);
    size_t early = 0;
    for (uint64_t step = 0; step < rt_loader_steps(loader); step++) {
        cr_assert_eq(rt_loader_next(loader, &batch), RT_OK);
        if (step == 50) early = resident_bytes();
    }
    const size_t late = resident_bytes();
    cr_assert_lt(late, early + (4 << 20), "%zu bytes after 50 steps, %zu at the end", early, late);
    rt_loader_free(loader);
    rt_store_reader_close(reader);
    free(batch.images);
    free(batch.labels);
}

Test(datasets_loader, is_a_sample_source)
{
    rt_store_reader *reader = open_store("store", many_shards, RT_COUNT(many_shards));
    rt_loader *loader = make_loader(&reader, 1, 10, true, 0);
    const rt_sample_source source = rt_sample_source_from_loader(loader);
    test_batch b, again;
    cr_assert_eq(source.steps, 9);
    cr_assert_eq(source.description->classes, 3);
    rt_sample_source_seek(&source, 1, 2);
    cr_assert_eq(rt_sample_source_next(&source, clean(&b)), RT_OK);
    cr_assert(b.batch.epoch == 1 && b.batch.step == 2);
    rt_sample_source_seek(&source, 1, 2);
    cr_assert_eq(rt_sample_source_next(&source, clean(&again)), RT_OK);
    cr_assert_eq(memcmp(b.indices, again.indices, 10 * sizeof b.indices[0]), 0);
    rt_loader_free(loader);
    rt_store_reader_close(reader);
}
