#include "tests/datasets/support.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char *const class_names[] = {"cat", "dog", "\xC3\xA4rger"};
static const char *const domain_names[] = {"photo", "sketch"};

const rt_store_description rt_test_description = {
    .height = 6,
    .width = 5,
    .channels = 3,
    .classes = 3,
    .class_names = class_names,
    .domains = 2,
    .domain_names = domain_names,
    .mean = {0.5f, 0.25f, 0.125f},
    .std = {0.1f, 0.2f, 0.3f},
    .teacher_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    .teacher_arch = "resnet8",
    .method = "test",
    .config = "rounds: 60\nbatch_size: 128\nweight: {one_hot: 1, statistics: 10}\n",
    .seed = 7,
    .program_version = "0.1.0",
    .columns = RT_COLUMN_TEACHER_LOGITS | RT_COLUMN_ROUND | RT_COLUMN_DOMAIN,
};

/* Compresses a little, as images do, and differs from sample to sample. */
static uint8_t pixel(uint64_t sample, size_t i)
{
    return (uint8_t)((sample * 131 + sample / 256 * 17) ^ (i * i * 7 >> 3));
}
static float logit(uint64_t sample, uint32_t k) { return (float)sample / 3 - (float)k * 1.25f; }

void rt_test_samples_make(rt_test_samples *samples, const rt_store_description *description,
                          uint64_t first, size_t count)
{
    const rt_store_description *d = description;
    const size_t image = (size_t)d->height * d->width * d->channels;
    *samples = (rt_test_samples){.images = malloc(count * image),
                                 .labels = malloc(count * sizeof(int32_t)),
                                 .teacher_logits = malloc(count * d->classes * sizeof(float)),
                                 .round = malloc(count * sizeof(uint32_t)),
                                 .domain = malloc(count * sizeof(uint16_t))};
    for (size_t n = 0; n < count; n++) {
        const uint64_t sample = first + n;
        for (size_t i = 0; i < image; i++) samples->images[n * image + i] = pixel(sample, i);
        samples->labels[n] = (int32_t)(sample % d->classes);
        for (uint32_t k = 0; k < d->classes; k++)
            samples->teacher_logits[n * d->classes + k] = logit(sample, k);
        samples->round[n] = (uint32_t)(sample / 4);
        samples->domain[n] = (uint16_t)(sample / 2 % 2);
    }
    samples->samples = (rt_samples){
        .count = count,
        .images = samples->images,
        .labels = samples->labels,
        .teacher_logits = d->columns & RT_COLUMN_TEACHER_LOGITS ? samples->teacher_logits : NULL,
        .round = d->columns & RT_COLUMN_ROUND ? samples->round : NULL,
        .domain = d->columns & RT_COLUMN_DOMAIN ? samples->domain : NULL,
    };
}

void rt_test_samples_clear(rt_test_samples *samples)
{
    free(samples->images);
    free(samples->labels);
    free(samples->teacher_logits);
    free(samples->round);
    free(samples->domain);
    *samples = (rt_test_samples){0};
}

bool rt_test_samples_equal(const rt_samples *samples, const rt_store_description *description,
                           uint64_t first)
{
    const rt_store_description *d = description;
    const size_t n = samples->count, image = (size_t)d->height * d->width * d->channels;
    rt_test_samples e;
    rt_test_samples_make(&e, d, first, n);
    bool same = memcmp(samples->images, e.images, n * image) == 0 &&
                memcmp(samples->labels, e.labels, n * sizeof(int32_t)) == 0;
    if (d->columns & RT_COLUMN_TEACHER_LOGITS)
        same = same && memcmp(samples->teacher_logits, e.teacher_logits,
                              n * d->classes * sizeof(float)) == 0;
    if (d->columns & RT_COLUMN_ROUND)
        same = same && memcmp(samples->round, e.round, n * sizeof(uint32_t)) == 0;
    if (d->columns & RT_COLUMN_DOMAIN)
        same = same && memcmp(samples->domain, e.domain, n * sizeof(uint16_t)) == 0;
    rt_test_samples_clear(&e);
    return same;
}

void rt_test_store(const char *path, const rt_store_description *description,
                   const uint32_t *shard_samples, uint32_t shard_count)
{
    rt_store *store;
    uint64_t first = 0;
    cr_assert_eq(rt_store_create(&store, path, description), RT_OK, "%s", rt_error_message());
    for (uint32_t i = 0; i < shard_count; first += shard_samples[i++]) {
        rt_test_samples samples;
        rt_test_samples_make(&samples, description, first, shard_samples[i]);
        cr_assert_eq(rt_store_append(store, &samples.samples), RT_OK, "%s", rt_error_message());
        cr_assert_eq(rt_store_flush_shard(store), RT_OK, "%s", rt_error_message());
        rt_test_samples_clear(&samples);
    }
    cr_assert_eq(rt_store_close(store), RT_OK, "%s", rt_error_message());
}

bool rt_test_store_holds(const char *path, const rt_store_description *description, uint64_t count)
{
    rt_store_reader *reader;
    if (rt_store_open(&reader, path) != RT_OK) return false;
    bool same = rt_store_reader_sample_count(reader) == count;
    for (uint32_t i = 0; same && i < rt_store_reader_shard_count(reader); i++) {
        rt_shard shard = {0};
        same = rt_store_read_shard(reader, i, &shard) == RT_OK &&
               rt_test_samples_equal(&shard.samples, description,
                                     rt_store_reader_shard(reader, i)->first_sample);
        rt_shard_clear(&shard);
    }
    rt_store_reader_close(reader);
    return same;
}
