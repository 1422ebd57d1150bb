#include "tests/pipeline.h"

#include "common/base/random.h"
#include "common/nn/model_file.h"
#include "datasets/store.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const rt_network_description rt_test_teacher = {
    .arch = "resnet8",
    .base_width = 4,
    .channels = 1,
    .height = RT_TEST_SIDE,
    .width = RT_TEST_SIDE,
    .classes = RT_TEST_CLASSES,
    .mean = {0.4f},
    .std = {0.3f},
};

const char RT_TEST_RUN[] = "teacher: teacher.safetensors\n"
                           "seed: 3\n"
                           "rounds: 3\n"
                           "student_steps: 4\n"
                           "log_interval: 1\n"
                           "checkpoint_interval: 3\n"
                           "generate:\n"
                           "  batch_size: 16\n"
                           "  latent_size: 8\n"
                           "  generator_width: 4\n"
                           "  generator_steps: 4\n"
                           "  generator_start: warm\n"
                           "  learning_rate: {generator: 1.0e-2, latent: 1.0e-2}\n"
                           "  augment: {padding: 1}\n"
                           "distill:\n"
                           "  arch: resnet8\n"
                           "  base_width: 4\n"
                           "  batch_size: 8\n"
                           "  augment: {padding: 1, flip: true}\n";

const char RT_TEST_GENERATE[] = "teacher: teacher.safetensors\n"
                                "seed: 3\n"
                                "rounds: 3\n"
                                "log_interval: 1\n"
                                "batch_size: 16\n"
                                "latent_size: 8\n"
                                "generator_width: 4\n"
                                "generator_steps: 4\n"
                                "generator_start: warm\n"
                                "learning_rate: {generator: 1.0e-2, latent: 1.0e-2}\n"
                                "augment: {padding: 1}\n";

const char RT_TEST_DISTILL[] = "teacher: teacher.safetensors\n"
                               "stores: [images]\n"
                               "seed: 3\n"
                               "steps: 8\n"
                               "log_interval: 1\n"
                               "checkpoint_interval: 3\n"
                               "arch: resnet8\n"
                               "base_width: 4\n"
                               "batch_size: 8\n";

const char RT_TEST_TRAIN[] = "store: real\n"
                             "seed: 3\n"
                             "arch: resnet8\n"
                             "base_width: 4\n"
                             "epochs: 4\n"
                             "batch_size: 16\n"
                             "log_interval: 1\n"
                             "checkpoint_interval: 3\n"
                             "augment: {padding: 1}\n";

void rt_test_text(const char *name, const char *text)
{
    rt_test_write(rt_test_path(name), text, strlen(text));
}

void rt_test_model(const char *name, const rt_network_description *description, uint64_t seed)
{
    rt_test_scaled_model(name, description, seed, 8);
}

rt_network *rt_test_network(const rt_network_description *description, uint64_t seed, double scale)
{
    rt_network *network;
    float values[4096];
    rt_test_ok(rt_network_create(&network, description));
    rt_test_ok(rt_network_allocate(network, rt_test_device()));
    rt_parameters *parameters = rt_network_parameters(network);
    rt_test_ok(rt_parameters_initialise(parameters, seed, RT_STREAM_WEIGHTS, 0, false));
    uint32_t last = 0; /* the matrix of the last layer, whatever the family calls it */
    for (uint32_t i = 0; i < rt_parameters_count(parameters); i++)
        if (rt_parameters_row(parameters, i)->rank == 2) last = i;
    const uint64_t count = rt_parameter_numbers(rt_parameters_row(parameters, last));
    cr_assert_leq(count, sizeof values / sizeof values[0]);
    rt_test_ok(rt_parameters_read(parameters, RT_PIECE_VALUES, last, values));
    for (uint64_t i = 0; i < count; i++) values[i] = (float)(values[i] * scale);
    rt_test_ok(rt_parameters_write(parameters, RT_PIECE_VALUES, last, values));
    return network;
}

void rt_test_scaled_model(const char *name, const rt_network_description *description,
                          uint64_t seed, double scale)
{
    rt_network *network = rt_test_network(description, seed, scale);
    rt_test_ok(rt_model_save(network, rt_test_path(name), NULL, 0, NULL));
    rt_network_free(network);
}

void rt_test_real_store(const char *name, uint32_t samples)
{
    enum { HALF = RT_TEST_SIDE / 2, PIXELS = RT_TEST_SIDE * RT_TEST_SIDE };
    const rt_store_description description = {.height = RT_TEST_SIDE,
                                              .width = RT_TEST_SIDE,
                                              .channels = 1,
                                              .classes = RT_TEST_CLASSES,
                                              .mean = {0.4f},
                                              .std = {0.3f},
                                              .shard_samples = (samples + 1) / 2};
    uint8_t *images = malloc((size_t)samples * PIXELS);
    int32_t *labels = malloc(samples * sizeof *labels);
    for (uint32_t n = 0; n < samples; n++) {
        labels[n] = (int32_t)(n * 7 % RT_TEST_CLASSES);
        for (uint32_t i = 0; i < PIXELS; i++) {
            const int32_t quarter =
                (int32_t)(i / RT_TEST_SIDE / HALF * 2 + i % RT_TEST_SIDE / HALF);
            uint32_t draws[4];
            rt_philox(11, RT_STREAM_NOISE, n, i, draws);
            images[n * PIXELS + i] = (uint8_t)(draws[0] % 90 + (quarter == labels[n] ? 120 : 0));
        }
    }
    rt_store *store;
    const rt_samples all = {.count = samples, .images = images, .labels = labels};
    rt_test_ok(rt_store_create(&store, rt_test_path(name), &description));
    rt_test_ok(rt_store_append(store, &all));
    rt_test_ok(rt_store_close(store));
    free(images);
    free(labels);
}

static const char *below(const char *run, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", run, name);
    return rt_test_path(path);
}

bool rt_test_exists(const char *name) { return access(rt_test_path(name), F_OK) == 0; }

bool rt_test_same_run(const char *left, const char *right)
{
    static const char *const names[] = {"model.safetensors", "checkpoint.safetensors",
                                        "metrics.csv", "samples", "store"};
    bool same = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *a = below(left, names[i]), *b = below(right, names[i]);
        const bool missing = access(a, F_OK) != 0 && access(b, F_OK) != 0;
        if (missing || rt_test_same(a, b, NULL)) continue;
        fprintf(stderr, "'%s' of '%s' and '%s' differ\n", names[i], left, right);
        same = false;
    }
    return same;
}

int rt_test_leftovers(const char *run)
{
    static const char *const folders[] = {".", "samples", "store"};
    int count = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        DIR *entries = opendir(below(run, folders[i]));
        if (entries == NULL) continue;
        for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
            const size_t length = strlen(entry->d_name);
            count += length > 4 && strcmp(entry->d_name + length - 4, ".tmp") == 0;
        }
        closedir(entries);
    }
    return count;
}

cJSON *rt_test_json(const char *text)
{
    const char *end;
    cJSON *object = cJSON_ParseWithOpts(text, &end, 0);
    cr_assert_not_null(object, "no JSON: %s", text);
    cr_assert_str_eq(end, "\n");
    return object;
}

cJSON *rt_test_json_file(const char *name)
{
    size_t size;
    char *text = rt_test_read(rt_test_path(name), &size);
    text[size] = '\0';
    cJSON *object = rt_test_json(text);
    free(text);
    return object;
}

double rt_test_number(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    cr_assert(cJSON_IsNumber(item), "no number '%s'", key);
    return item->valuedouble;
}

/* The field number `wanted` of a line as a number; NaN if it is empty or text. */
static double field(char *line, int wanted)
{
    char *text = NULL;
    for (int i = 0; i <= wanted; i++) text = strsep(&line, ",");
    cr_assert_not_null(text, "metrics.csv has a short row");
    char *end;
    const double value = strtod(text, &end);
    return end == text ? NAN : value;
}

rt_test_column rt_test_metrics(const char *run, const char *name)
{
    size_t size;
    char *text = rt_test_read(below(run, "metrics.csv"), &size);
    text[size] = '\0';
    cr_assert(size > 0 && text[size - 1] == '\n', "metrics.csv ends in half a row");
    char *rest = text, *header = strsep(&rest, "\n");
    int wanted = -1, count = 0;
    for (char *title; (title = strsep(&header, ",")) != NULL; count++)
        if (strcmp(title, name) == 0) wanted = count;
    cr_assert_geq(wanted, 0, "metrics.csv has no column '%s'", name);
    rt_test_column column = {.count = 0};
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';) {
        cr_assert_lt(column.count, (int)(sizeof column.values / sizeof column.values[0]));
        column.values[column.count++] = field(line, wanted);
    }
    free(text);
    return column;
}

static bool holds(const char *path, const char *text)
{
    if (access(path, R_OK) != 0) return false;
    if (text == NULL) return true;
    size_t size;
    char *content = rt_test_read(path, &size);
    content[size] = '\0';
    const bool found = strstr(content, text) != NULL;
    free(content);
    return found;
}

bool rt_test_await(pid_t process, const char *name, const char *text)
{
    const char *path = rt_test_path(name);
    while (!holds(path, text)) {
        siginfo_t ended = {0}; /* not reaped: rt_test_retort_wait does that */
        waitid(P_PID, (id_t)process, &ended, WEXITED | WNOHANG | WNOWAIT);
        if (ended.si_pid == process) return holds(path, text);
        usleep(1000);
    }
    return true;
}
