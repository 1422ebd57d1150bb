/* What Retort writes as ONNX computes what Retort computes: ONNX Runtime judges it
 * (scripts/install-judge), and Retort's own reader has to come to the same. */

#include "common/base/io.h"
#include "common/graph/phase.h"
#include "common/nn/onnx/export.h"
#include "tests/golden/formula.h"
#include "tests/nn/sketches.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(nn_onnx_export, .timeout = 600);

enum { BATCH = 3, CLASSES = 16 };
static const float mean[] = {0.45f, 0.5f, 0.55f}, std_[] = {0.2f, 0.25f, 0.3f};

#define IMAGE(h, w, c) .height = (h), .width = (w), .channels = (c)

/* Small ones of every family: what is inside is the same. */
static const struct zoo_case {
    const char *name;
    rt_network_description description;
} zoo[] = {
    {"resnet8-a", {.arch = "resnet8", .base_width = 8, IMAGE(12, 17, 1), .classes = 10}},
    {"resnet8-b",
     {.arch = "resnet8", .shortcut = "B", .base_width = 6, IMAGE(9, 13, 3), .classes = 7}},
    {"resnet20-a", {.arch = "resnet20", .base_width = 4, IMAGE(8, 8, 3), .classes = 10}},
    {"wrn-10-2", {.arch = "wrn-10-2", .base_width = 4, IMAGE(12, 9, 3), .classes = 10}},
    {"wrn-10-2-raw",
     {.arch = "wrn-10-2", .shortcut = "raw", .base_width = 4, IMAGE(12, 9, 3), .classes = 10}},
    {"resnet18", {.arch = "resnet18", .base_width = 4, IMAGE(16, 16, 3), .classes = 10}},
    {"resnet18-large",
     {.arch = "resnet18", .stem = "large", .base_width = 4, IMAGE(35, 64, 3), .classes = 10}},
    {"resnet34", {.arch = "resnet34", .base_width = 4, IMAGE(16, 16, 3), .classes = 10}},
    {"resnet50", {.arch = "resnet50", .base_width = 4, IMAGE(16, 16, 3), .classes = 10}},
    {"vgg8", {.arch = "vgg8", .base_width = 4, IMAGE(20, 12, 1), .classes = 10}},
    {"vgg13", {.arch = "vgg13", .base_width = 4, IMAGE(16, 16, 3), .classes = 10}},
    {"vgg16", {.arch = "vgg16", .base_width = 4, IMAGE(16, 16, 3), .classes = 10}},
    {"vgg11-large",
     {.arch = "vgg11", .stem = "large", .base_width = 2, IMAGE(224, 224, 3), .classes = 10}},
    {"mobilenetv2", {.arch = "mobilenetv2", .base_width = 8, IMAGE(16, 16, 3), .classes = 10}},
    {"mobilenetv2-large",
     {.arch = "mobilenetv2", .stem = "large", .base_width = 8, IMAGE(33, 64, 1), .classes = 10}},
    {"shufflenetv2",
     {.arch = "shufflenetv2-x0.5", .base_width = 12, IMAGE(16, 16, 3), .classes = 10}},
    {"shufflenetv2-large",
     {.arch = "shufflenetv2-x1.0", .stem = "large", IMAGE(64, 33, 3), .classes = 10}},
    {"densenet121", {.arch = "densenet121", .base_width = 8, IMAGE(16, 16, 3), .classes = 10}},
    {"densenet-bc", {.arch = "densenet-bc-22-6", IMAGE(16, 16, 3), .classes = 10}},
};

/* PyTorch's exports hold the operators that the zoo does not have (tests/golden/onnx_models.py). */
static const struct golden_case {
    const char *name;
    uint32_t channels;
} golden[] = {
    {"activations17", 3},  {"dense11", 3},    {"excitation11", 3}, {"flattened13", 1},
    {"convolutions11", 3}, {"groups13", 3},   {"mixer13", 3},      {"movement17", 3},
    {"normalised17", 3},   {"option_a17", 3}, {"pools17", 3},      {"residual17", 3},
    {"resizes17", 3},      {"shuffle13", 3},
};

static rt_network *create(const struct zoo_case *c)
{
    rt_network *network;
    rt_network_description description = c->description;
    memcpy(description.mean, mean, sizeof mean);
    memcpy(description.std, std_, sizeof std_);
    rt_test_ok(rt_network_create(&network, &description));
    rt_test_ok(rt_network_allocate(network, rt_test_device()));
    rt_golden_fill(rt_network_parameters(network), c->name);
    return network;
}

static rt_network *load_golden(const struct golden_case *c)
{
    char path[4096];
    rt_network *network;
    const rt_model_hints hints = {.channels = c->channels, .mean = mean, .std = std_};
    snprintf(path, sizeof path, "%s/tests/golden/onnx/%s.onnx", RT_SOURCE_FOLDER, c->name);
    rt_test_ok(rt_model_load(&network, rt_test_device(), path, &hints, NULL));
    return network;
}

static const char *path_of(const char *name, const char *ending)
{
    char file[256];
    snprintf(file, sizeof file, "models/%s.%s", name, ending);
    return rt_test_path(file);
}

/* The network's logits of BATCH images, and the images, dense. */
static void run(rt_network *network, const char *name, float *images, float *logits)
{
    const rt_network_description *d = rt_network_describe(network);
    rt_graph *graph;
    rt_phase *phase;
    rt_network_outputs *outputs;
    rt_test_ok(RT_ALLOC(outputs, 1));
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *x =
        rt_graph_input(graph, "images", (rt_shape){BATCH, d->height, d->width, d->channels});
    rt_network_apply(network, graph, name, x, &(rt_apply_options){0}, outputs);
    rt_test_ok(rt_graph_status(graph));
    rt_graph_output(graph, outputs->logits);
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, NULL));
    for (uint64_t i = 0; i < rt_shape_pixels(x->shape) * x->shape.c; i++)
        images[i] = rt_golden_pixel(name, i);
    rt_tensor_pack(x->shape, images, rt_phase_input(phase, x));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    rt_tensor_unpack(outputs->logits->shape, rt_phase_output(phase, outputs->logits), logits);
    rt_phase_free(phase);
    rt_graph_free(graph);
    rt_free(outputs);
}

static void write_model(rt_network *network, const char *path, char sha256[RT_SHA256_TEXT])
{
    rt_parameters *parameters = rt_network_parameters(network);
    const uint32_t count = rt_parameters_count(parameters);
    const rt_model_note notes[] = {{"teacher_sha256", "12ab"}, {"epochs", "7"}};
    float **numbers;
    rt_test_ok(RT_ALLOC(numbers, count));
    for (uint32_t row = 0; row < count; row++) {
        rt_test_ok(
            RT_ALLOC(numbers[row], rt_parameter_numbers(rt_parameters_row(parameters, row))));
        rt_test_ok(rt_parameters_read(parameters, RT_PIECE_VALUES, row, numbers[row]));
    }
    rt_test_ok(rt_onnx_write(network, (rt_onnx_numbers)numbers, notes, 2, path, sha256));
    for (uint32_t row = 0; row < count; row++) rt_free(numbers[row]);
    rt_free(numbers);
}

/* Model, images [N,C,H,W] and their shape, for the judge. */
static void write_case(rt_network *network, const char *name, const float *images)
{
    const rt_network_description *d = rt_network_describe(network);
    const size_t pixels = (size_t)d->height * d->width, numbers = pixels * d->channels;
    char shape[64];
    float *moved;
    rt_test_ok(RT_ALLOC(moved, BATCH * numbers));
    for (size_t i = 0; i < BATCH * numbers; i++) {
        const size_t n = i / numbers, p = i % numbers / d->channels, c = i % d->channels;
        moved[n * numbers + c * pixels + p] = images[i];
    }
    snprintf(shape, sizeof shape, "[%d,%u,%u,%u]", BATCH, d->channels, d->height, d->width);
    write_model(network, path_of(name, "onnx"), NULL);
    rt_test_write(path_of(name, "images"), moved, BATCH * numbers * sizeof *moved);
    rt_test_write(path_of(name, "shape"), shape, strlen(shape));
    rt_free(moved);
}

/* Logits that say something, within `tolerance` of their size. */
static void compare(const char *name, const float *expected, const float *found, size_t count,
                    double tolerance)
{
    const double size = rt_golden_compare_numbers(name, expected, found, count, tolerance);
    cr_assert_gt(size, 1e-3, "%s: its logits say nothing", name);
}

/* Runs ONNX Runtime on all that lies there; the test is skipped where there is none. */
static void judge_all(const char *folder)
{
    const char *judge = getenv("RT_TEST_JUDGE");
    char package[4096];
    int status;
    snprintf(package, sizeof package, "%s/node_modules/onnxruntime-node/package.json",
             judge != NULL ? judge : "");
    if (judge == NULL || access(package, R_OK) != 0)
        cr_skip_test("there is no ONNX Runtime (scripts/install-judge)");
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        unsetenv("LD_PRELOAD");
        execlp("node", "node", RT_SOURCE_FOLDER "/tests/onnx_judge.mjs", judge, folder,
               (char *)NULL);
        _exit(127);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "ONNX Runtime ended with %d", status);
}

static void check_judgement(const char *name, const float *logits, uint32_t classes)
{
    size_t size;
    float *found = rt_test_read(path_of(name, "logits"), &size);
    cr_assert_eq(size, BATCH * classes * sizeof *found, "%s: %zu bytes", name, size);
    compare(name, logits, found, (size_t)BATCH * classes, 1e-4);
    free(found);
}

typedef struct judged {
    const char *name;
    uint32_t classes;
    float logits[BATCH * CLASSES];
} judged;

/* Runs and writes a network; frees it. */
static void prepare(judged *j, rt_network *network, const char *name)
{
    const rt_network_description *d = rt_network_describe(network);
    float *images;
    rt_test_ok(rt_directory_create(rt_test_path("models")));
    rt_test_ok(RT_ALLOC(images, (size_t)BATCH * d->height * d->width * d->channels));
    cr_assert_leq(d->classes, CLASSES);
    *j = (judged){.name = name, .classes = d->classes};
    run(network, name, images, j->logits);
    write_case(network, name, images);
    rt_free(images);
    rt_network_free(network);
}

/* Reads the file that was written with Retort's own reader and runs that. */
static void check_reading(const judged *j)
{
    rt_network *network;
    float logits[BATCH * CLASSES], *images;
    rt_test_ok(rt_model_load(&network, rt_test_device(), path_of(j->name, "onnx"),
                             &(rt_model_hints){0}, NULL));
    const rt_network_description *d = rt_network_describe(network);
    cr_assert_eq(d->classes, j->classes);
    rt_test_ok(RT_ALLOC(images, (size_t)BATCH * d->height * d->width * d->channels));
    run(network, j->name, images, logits);
    compare(j->name, j->logits, logits, (size_t)BATCH * j->classes, 1e-5);
    rt_free(images);
    rt_network_free(network);
}

/* Both in one test: kernels are compiled once. Without ONNX Runtime the second half is skipped. */
Test(nn_onnx_export, the_zoo_comes_back_and_convinces_onnx_runtime)
{
    judged all[RT_COUNT(zoo)];
    for (size_t i = 0; i < RT_COUNT(zoo); i++) {
        prepare(&all[i], create(&zoo[i]), zoo[i].name);
        check_reading(&all[i]);
    }
    judge_all(rt_test_path("models"));
    for (size_t i = 0; i < RT_COUNT(zoo); i++)
        check_judgement(all[i].name, all[i].logits, all[i].classes);
}

Test(nn_onnx_export, networks_of_pytorch_before_onnx_runtime)
{
    judged all[RT_COUNT(golden)];
    for (size_t i = 0; i < RT_COUNT(golden); i++)
        prepare(&all[i], load_golden(&golden[i]), golden[i].name);
    judge_all(rt_test_path("models"));
    for (size_t i = 0; i < RT_COUNT(golden); i++)
        check_judgement(all[i].name, all[i].logits, all[i].classes);
}

Test(nn_onnx_export, all_other_layers_convince_onnx_runtime)
{
    judged all[3];
    prepare(&all[0], rt_sketch_activations(), "activations");
    prepare(&all[1], rt_sketch_movements(), "movements");
    prepare(&all[2], rt_sketch_sizes(), "sizes");
    for (size_t i = 0; i < RT_COUNT(all); i++) check_reading(&all[i]);
    judge_all(rt_test_path("models"));
    for (size_t i = 0; i < RT_COUNT(all); i++)
        check_judgement(all[i].name, all[i].logits, all[i].classes);
}
