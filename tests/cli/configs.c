/* Every file in configs/ is one that its command takes; the complete samples name all keys; the
 * paper's recipe in little runs. */
#include "common/nn/model_file.h"
#include "datasets/store_reader.h"
#include "tests/child.h"
#include "tests/cli/schemas.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAXIMUM_PATH = 1024, MAXIMUM_WORD = 64 };

/* A file of the repository, ended by 0, with `room` bytes behind it. */
static char *read_file(const char *name, size_t room, size_t *size)
{
    char path[MAXIMUM_PATH];
    snprintf(path, sizeof path, "%s/%s", RT_SOURCE_FOLDER, name);
    char *bytes = rt_test_read(path, size);
    char *text = realloc(bytes, *size + room + 1);
    cr_assert_not_null(text);
    text[*size] = '\0';
    return text;
}

/* The command of "retort COMMAND NAME --out ..." in the file's comment. */
static void find_command(const char *name, const char *text, char command[MAXIMUM_WORD])
{
    for (const char *at = strstr(text, "retort "); at != NULL; at = strstr(at + 1, "retort ")) {
        char file[MAXIMUM_PATH];
        if (sscanf(at, "retort %63s %1023s --out", command, file) == 2 && strcmp(file, name) == 0)
            return;
    }
    cr_assert_fail("'%s' does not say how it is run: # retort COMMAND %s --out DIR", name, name);
}

Test(cli_configs, every_file_is_taken_by_the_command_that_it_names)
{
    glob_t found;
    cr_assert_eq(glob(RT_SOURCE_FOLDER "/configs/*/*.yaml", 0, NULL, &found), 0);
    cr_assert_eq(glob(RT_SOURCE_FOLDER "/configs/*/*/*.yaml", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        size_t size;
        char command[MAXIMUM_WORD];
        const char *name = found.gl_pathv[i] + strlen(RT_SOURCE_FOLDER "/");
        char *text = read_file(name, 0, &size);
        find_command(name, text, command);
        const rt_config_schema *schema = rt_test_schema(command);
        cr_assert_not_null(schema, "'%s' is for '%s', which takes no config", name, command);
        const char *message = rt_test_parse_config(schema, name, text, size);
        cr_expect_null(message, "%s", message);
        free(text);
    }
    globfree(&found);
}

/* Whether the text gives the key: given once more with dots it is a duplicate. */
static bool gives(const rt_config_schema *schema, const char *name, char *text, size_t size,
                  const char *key)
{
    const int more = snprintf(text + size, MAXIMUM_PATH, "\n%s: 0\n", key);
    const char *message = rt_test_parse_config(schema, name, text, size + (size_t)more);
    text[size] = '\0';
    return message != NULL && strstr(message, "duplicate key") != NULL;
}

/* Whether a comment shows it: "# key: value". */
static bool shows(const char *text, const char *key)
{
    char line[MAXIMUM_PATH];
    const char *dot = strrchr(key, '.');
    snprintf(line, sizeof line, "# %s: ", dot != NULL ? dot + 1 : key);
    return strstr(text, line) != NULL;
}

Test(cli_configs, each_command_has_a_sample_with_all_its_keys)
{
    static const char *const samples[][2] = {
        {"train", "configs/cifar10/teacher-wrn-40-2.yaml"},
        {"generate", "configs/fashion-mnist/generate.yaml"},
        {"distill", "configs/fashion-mnist/distill.yaml"},
        {"run", "configs/cifar10/rgal-wrn-40-2-wrn-16-1.yaml"},
    };
    for (size_t i = 0; i < RT_COUNT(samples); i++) {
        size_t size;
        const rt_config_schema *schema = rt_test_schema(samples[i][0]);
        char *text = read_file(samples[i][1], MAXIMUM_PATH, &size);
        for (size_t k = 0; k < schema->count; k++) {
            const rt_config_row *row = &schema->rows[k];
            const bool optional = row->type == RT_STRING || strncmp(row->key, "teacher_", 8) == 0 ||
                                  strcmp(row->key, "noise") == 0;
            cr_expect(gives(schema, samples[i][1], text, size, row->key) ||
                          (optional && shows(text, row->key)),
                      "'%s' lacks '%s'", samples[i][1], row->key);
        }
        free(text);
    }
}

/* The value of a key that is a number, a switch or a choice (its position). */
static double value_of(const void *config, const rt_config_schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->count; i++) {
        const rt_config_row *row = &schema->rows[i];
        const void *field = (const char *)config + row->offset;
        if (strcmp(row->key, key) != 0) continue;
        switch (row->type) {
        case RT_BOOL:
            return *(const bool *)field;
        case RT_UINT:
            return *(const uint32_t *)field;
        case RT_UINT64:
            return (double)*(const uint64_t *)field;
        case RT_FLOAT:
            return (double)*(const float *)field;
        case RT_ENUM:
            return *(const int *)field;
        default:
            break;
        }
    }
    cr_assert_fail("no number '%s'", key);
    return 0;
}

/* The command in the README of RGAL's released code, and the constants of that code. */
Test(cli_configs, the_recipe_of_the_paper_is_the_released_one)
{
    static const struct {
        const char *key;
        double value;
    } recipe[] = {
        {"rounds", 200},
        {"student_steps", 400},
        {"generate.batch_size", 256},
        {"generate.latent_size", 256},
        {"generate.generator_width", 64},
        {"generate.generator_steps", 400},
        {"generate.generator_start", 0}, /* drawn anew */
        {"generate.learning_rate.generator", 1e-3},
        {"generate.learning_rate.latent", 1e-3},
        {"generate.beta1", 0.5},
        {"generate.beta2", 0.999},
        {"generate.augment.padding", 4},
        {"generate.augment.flip", 1},
        {"generate.weight.batch_norm", 1},
        {"generate.weight.one_hot", 1},
        {"generate.weight.adversarial", 1},
        {"generate.weight.triplet", 0.1},
        {"generate.adversarial_start", 0},
        {"generate.triplet_start", 0},
        {"generate.agreement_mask", 1},
        {"generate.adversarial_temperature", 1},
        {"generate.triplet.direction", 0}, /* released */
        {"generate.triplet.network", 0},   /* student */
        {"generate.triplet.features", 0},  /* stages */
        {"generate.triplet.first_layer", 2},
        {"generate.triplet.last_layer", 4},
        {"generate.triplet.margin", 0.2},
        {"generate.miner.sampling", 0},  /* focal */
        {"generate.miner.form", 1},      /* compat */
        {"generate.miner.embedding", 0}, /* logits */
        {"generate.miner.focal_lower", 0.5},
        {"generate.miner.focal_upper", 1},
        {"generate.sort_labels", 1},
        {"generate.pixels", 0}, /* truncated */
        {"distill.start", 0},   /* drawn */
        {"distill.batch_size", 128},
        {"distill.views", 2},
        {"distill.augment.padding", 4},
        {"distill.augment.flip", 1},
        {"distill.loss", 0}, /* kl */
        {"distill.temperature", 20},
        {"distill.weight.logits", 1},
        {"distill.weight.cross_entropy", 0},
        {"distill.weight.channel", 0.1},
        {"distill.weight.triplet", 0.1},
        {"distill.triplet.direction", 0}, /* released */
        {"distill.triplet.margin", 0.2},
        {"distill.miner.sampling", 1},  /* distance */
        {"distill.miner.form", 1},      /* compat */
        {"distill.miner.embedding", 0}, /* logits */
        {"distill.miner.distance_floor", 0.5},
        {"distill.miner.distance_upper", 1.4},
        {"distill.learning_rate", 0.1},
        {"distill.schedule", 1}, /* cosine */
        {"distill.schedule_interval", 400},
        {"distill.warmup", 0},
        {"distill.momentum", 0.9},
        {"distill.nesterov", 0},
        {"distill.weight_decay", 1e-4},
    };
    rt_arena arena = {0};
    const rt_config_schema *schema = rt_test_schema("run");
    void *config = rt_alloc(1, schema->size);
    cr_assert_not_null(config);
    rt_test_ok(rt_config_load(config, schema,
                              RT_SOURCE_FOLDER "/configs/cifar10/rgal-wrn-40-2-wrn-16-1.yaml", NULL,
                              0, &arena));
    for (size_t i = 0; i < RT_COUNT(recipe); i++)
        cr_expect_float_eq(value_of(config, schema, recipe[i].key), recipe[i].value, 1e-7, "%s",
                           recipe[i].key);
    rt_free(config);
    rt_arena_clear(&arena);
}

/* A teacher whose weights are drawn: what it says does not matter here. Its shapes are those of
 * tests/golden/rgal_step.c, so that many kernels are compiled already. */
static const char *make_teacher(void)
{
    rt_network *teacher;
    const char *path = rt_test_path("teacher.safetensors");
    const rt_network_description description = {.arch = "wrn-10-1",
                                                .base_width = 8,
                                                .channels = 3,
                                                .height = 12,
                                                .width = 8,
                                                .classes = 4,
                                                .mean = {0.5f, 0.5f, 0.5f},
                                                .std = {0.25f, 0.25f, 0.25f}};
    rt_test_ok(rt_network_create(&teacher, &description));
    rt_test_ok(rt_network_allocate(teacher, rt_test_device()));
    rt_test_ok(rt_parameters_initialise(rt_network_parameters(teacher), 1, 1, 0, false));
    rt_test_ok(rt_model_save(teacher, path, NULL, 0, NULL));
    rt_network_free(teacher);
    return path;
}

Test(cli_configs, the_recipe_of_the_paper_runs_in_little, .timeout = 300)
{
    enum { ROUNDS = 2, BATCH = 16 };
    static const char *const columns[] = {
        "generate.batch_norm", "generate.one_hot", "generate.adversarial", "generate.triplet",
        "distill.logits",      "distill.triplet",  "distill.channel_1",    "distill.channel_3",
    };
    size_t size;
    rt_store_reader *store;
    char teacher[MAXIMUM_PATH];
    snprintf(teacher, sizeof teacher, "teacher=%s", make_teacher());
    rt_test_retort_ends(0, "run", RT_SOURCE_FOLDER "/configs/cifar10/small.yaml", "--out", "small",
                        "--quiet", "--set", teacher);
    rt_test_ok(rt_store_open(&store, rt_test_path("small/store")));
    cr_assert_eq(rt_store_reader_sample_count(store), ROUNDS * BATCH);
    rt_store_reader_close(store);
    char *metrics = rt_test_read(rt_test_path("small/metrics.csv"), &size);
    char *header_end = memchr(metrics, '\n', size);
    cr_assert_not_null(header_end);
    *header_end = '\0';
    for (size_t i = 0; i < RT_COUNT(columns); i++)
        cr_expect_not_null(strstr(metrics, columns[i]), "no column '%s' in %s", columns[i],
                           metrics);
    free(metrics);
    rt_test_retort_ends(0, "inspect", "small/model.safetensors");
}
