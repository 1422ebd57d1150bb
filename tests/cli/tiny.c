#include "tests/cli/tiny.h"

#include "common/formats/safetensors.h"
#include "common/nn/network.h"
#include "datasets/store.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHARD_SAMPLES = 5 };

/* Noise, which does not shrink when it is packed. */
static uint8_t pixel(uint64_t sample, size_t at)
{
    uint32_t word = (uint32_t)(sample * 4099 + at + 1) * 2654435761u;
    word = (word ^ word >> 15) * 2246822519u;
    return (uint8_t)(word >> 24);
}

void rt_tiny_text(const char *name, const char *text)
{
    rt_test_write(rt_test_path(name), text, strlen(text));
}

static uint32_t or_else(uint32_t value, uint32_t usual) { return value > 0 ? value : usual; }

void rt_tiny_store(const char *name, const rt_tiny *tiny)
{
    const rt_store_description description = {
        .height = or_else(tiny->side, RT_TINY_SIDE),
        .width = or_else(tiny->side, RT_TINY_SIDE),
        .channels = or_else(tiny->channels, 1),
        .classes = or_else(tiny->classes, RT_TINY_CLASSES),
        .mean = {0.5f, 0.5f, 0.5f, 0.5f},
        .std = {0.25f, 0.25f, 0.25f, 0.25f},
        .teacher_sha256 = tiny->teacher_sha256,
        .columns = RT_COLUMN_TEACHER_LOGITS,
        .shard_samples = SHARD_SAMPLES,
    };
    const size_t size = (size_t)description.height * description.width * description.channels;
    uint8_t *image = malloc(size);
    float *logits = calloc(description.classes, sizeof *logits);
    rt_store *store;
    cr_assert_eq(rt_store_create(&store, rt_test_path(name), &description), RT_OK, "%s",
                 rt_error_message());
    for (uint32_t n = 0; n < RT_TINY_SAMPLES; n++) {
        const int32_t label = (int32_t)(n % description.classes);
        for (size_t i = 0; i < size; i++) image[i] = pixel(n, i);
        const rt_samples samples = {
            .count = 1, .images = image, .labels = &label, .teacher_logits = logits};
        cr_assert_eq(rt_store_append(store, &samples), RT_OK, "%s", rt_error_message());
    }
    cr_assert_eq(rt_store_close(store), RT_OK, "%s", rt_error_message());
    free(image);
    free(logits);
}

static void add_number(rt_safetensors_writer *writer, const char *key, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    cr_assert_eq(rt_safetensors_add_metadata(writer, key, text), RT_OK);
}

static void add_metadata(rt_safetensors_writer *writer, const rt_network_description *d,
                         const char *base_width)
{
    add_number(writer, "channels", d->channels);
    add_number(writer, "height", d->height);
    add_number(writer, "width", d->width);
    add_number(writer, "classes", d->classes);
    const char *const texts[][2] = {{"arch", d->arch},
                                    {"shortcut", d->shortcut},
                                    {"base_width", base_width != NULL ? base_width : "4"},
                                    {"mean", "0.5 0.5 0.5 0.5"},
                                    {"std", "0.25 0.25 0.25 0.25"}};
    for (size_t i = 0; i < RT_COUNT(texts); i++)
        cr_assert_eq(rt_safetensors_add_metadata(writer, texts[i][0], texts[i][1]), RT_OK);
}

/* Weights that let a signal through: small and of both signs; norms start as they do. */
static void fill_tensor(const rt_parameter *parameter, float *values, uint64_t count)
{
    const bool positive = strstr(parameter->name, "running_var") != NULL ||
                          (parameter->rank == 1 && strstr(parameter->name, "weight") != NULL);
    for (uint64_t i = 0; i < count; i++)
        values[i] = positive ? 1 : 0.3f * sinf((float)(i * 7 + strlen(parameter->name)));
}

void rt_tiny_model(const char *name, const rt_tiny *tiny, char sha256[RT_SHA256_TEXT])
{
    const rt_network_description d = {.arch = "resnet8",
                                      .base_width = 4,
                                      .shortcut = "A",
                                      .channels = or_else(tiny->channels, 1),
                                      .height = or_else(tiny->side, RT_TINY_SIDE),
                                      .width = or_else(tiny->side, RT_TINY_SIDE),
                                      .classes = or_else(tiny->classes, RT_TINY_CLASSES),
                                      .std = {1, 1, 1, 1}};
    rt_network *network;
    rt_safetensors_writer writer = {0};
    rt_arena arena = {0}; /* the writer keeps what it is given until it writes */
    cr_assert_eq(rt_network_create(&network, &d), RT_OK, "%s", rt_error_message());
    add_metadata(&writer, &d, tiny->base_width);
    rt_parameters *parameters = rt_network_parameters(network);
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *parameter = rt_parameters_row(parameters, row);
        const uint64_t count = rt_parameter_numbers(parameter);
        uint64_t shape[4];
        float *values = rt_arena_alloc(&arena, count, sizeof *values);
        fill_tensor(parameter, values, count);
        if (tiny->constant_logits && strncmp(parameter->name, "linear.", 7) == 0)
            for (uint64_t i = 0; i < count; i++) values[i] = parameter->rank == 1 ? (float)i : 0;
        if (tiny->huge_logits && strcmp(parameter->name, "linear.weight") == 0)
            for (uint64_t i = 0; i < count; i++) values[i] = 3e38f;
        if (tiny->broken_tensor != NULL && strcmp(parameter->name, tiny->broken_tensor) == 0)
            values[count / 2] = NAN;
        for (uint32_t i = 0; i < parameter->rank; i++) shape[i] = parameter->dims[i];
        cr_assert_eq(rt_safetensors_add(&writer, parameter->name, RT_SAFETENSORS_F32,
                                        parameter->rank, shape, values),
                     RT_OK);
    }
    cr_assert_eq(rt_safetensors_write(&writer, rt_test_path(name), sha256), RT_OK, "%s",
                 rt_error_message());
    rt_safetensors_writer_clear(&writer);
    rt_arena_clear(&arena);
    rt_network_free(network);
}

void rt_tiny_idx(const char *name, uint32_t count)
{
    enum { IMAGE = RT_TINY_SIDE * RT_TINY_SIDE };
    uint8_t *images = malloc(16 + (size_t)count * IMAGE), *labels = malloc(8 + (size_t)count);
    char file[64];
    const uint8_t size[4] = {(uint8_t)(count >> 24), (uint8_t)(count >> 16), (uint8_t)(count >> 8),
                             (uint8_t)count};
    memcpy(images, "\0\0\x08\x03****\0\0\0\x08\0\0\0\x08", 16);
    memcpy(labels, "\0\0\x08\x01****", 8);
    memcpy(images + 4, size, 4);
    memcpy(labels + 4, size, 4);
    for (uint32_t n = 0; n < count; n++) {
        labels[8 + n] = (uint8_t)(n % RT_TINY_CLASSES);
        for (size_t i = 0; i < IMAGE; i++) images[16 + n * (size_t)IMAGE + i] = pixel(n, i);
    }
    snprintf(file, sizeof file, "%s-images-idx3-ubyte", name);
    rt_test_write(rt_test_path(file), images, 16 + (size_t)count * IMAGE);
    snprintf(file, sizeof file, "%s-labels-idx1-ubyte", name);
    rt_test_write(rt_test_path(file), labels, 8 + (size_t)count);
    free(images);
    free(labels);
}

void rt_tiny_configs(void)
{
    rt_tiny_text("train.yaml", "log_interval: 1\n"
                               "store: store\n"
                               "arch: resnet8\n"
                               "base_width: 4\n"
                               "shortcut: A\n"
                               "epochs: 2\n"
                               "batch_size: 4\n"
                               "checkpoint_interval: 2\n");
    rt_tiny_text("generate.yaml", "log_interval: 1\n"
                                  "teacher: teacher.safetensors\n"
                                  "rounds: 3\n"
                                  "batch_size: 4\n"
                                  "latent_size: 4\n"
                                  "generator_width: 2\n"
                                  "generator_steps: 2\n"
                                  "weight:\n"
                                  "  adversarial: 0\n"
                                  "  triplet: 0\n");
    rt_tiny_text("distill.yaml", "log_interval: 1\n"
                                 "teacher: teacher.safetensors\n"
                                 "stores: [store]\n"
                                 "allow_other_teacher: true\n"
                                 "arch: resnet8\n"
                                 "base_width: 4\n"
                                 "shortcut: A\n"
                                 "steps: 4\n"
                                 "batch_size: 4\n"
                                 "checkpoint_interval: 2\n");
    rt_tiny_text("run.yaml", "log_interval: 1\n"
                             "teacher: teacher.safetensors\n"
                             "rounds: 2\n"
                             "student_steps: 2\n"
                             "generate:\n"
                             "  batch_size: 4\n"
                             "  latent_size: 4\n"
                             "  generator_width: 2\n"
                             "  generator_steps: 2\n"
                             "  weight:\n"
                             "    adversarial: 0\n"
                             "    triplet: 0\n"
                             "distill:\n"
                             "  arch: resnet8\n"
                             "  base_width: 4\n"
                             "  shortcut: A\n"
                             "  batch_size: 4\n");
}
