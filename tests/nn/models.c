/* The model families against PyTorch (tests/golden/models.py): names, shapes, logits. */

#include "common/nn/network.h"
#include "tests/golden/formula.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(nn_models, .timeout = 600);

static const float mean[] = {0.45f, 0.5f, 0.55f}, std_[] = {0.2f, 0.25f, 0.3f};

typedef struct model_case {
    const char *name;
    rt_network_description description;
    uint32_t batch;
    uint64_t trained_numbers; ///< as PyTorch counts them
} model_case;

#define IMAGE(h, w, c) .height = (h), .width = (w), .channels = (c)

static const model_case cases[] = {
    {"resnet8-a", {.arch = "resnet8", IMAGE(12, 20, 1), .classes = 10}, 3, 75002},
    {"resnet8-b",
     {.arch = "resnet8", .shortcut = "B", .base_width = 6, IMAGE(9, 13, 3), .classes = 7},
     3,
     11317},
    {"resnet20-a",
     {.arch = "resnet20", .shortcut = "A", IMAGE(16, 16, 3), .classes = 10},
     2,
     269722},
    {"resnet20-b",
     {.arch = "resnet20", .shortcut = "B", IMAGE(16, 16, 3), .classes = 10},
     2,
     272474},
    {"wrn-16-1", {.arch = "wrn-16-1", IMAGE(16, 16, 3), .classes = 10}, 2, 175066},
    {"wrn-10-2", {.arch = "wrn-10-2", .base_width = 8, IMAGE(13, 9, 1), .classes = 10}, 3, 76450},
    {"resnet18", {.arch = "resnet18", .base_width = 8, IMAGE(16, 16, 3), .classes = 10}, 2, 176402},
    {"resnet18-large",
     {.arch = "resnet18", .stem = "large", .base_width = 4, IMAGE(35, 64, 3), .classes = 10},
     2,
     45102},
    {"resnet50", {.arch = "resnet50", .base_width = 4, IMAGE(16, 16, 3), .classes = 10}, 2, 96302},
    {"vgg8", {.arch = "vgg8", .base_width = 8, IMAGE(20, 12, 1), .classes = 10}, 4, 62330},
    {"vgg11-large",
     {.arch = "vgg11", .stem = "large", .base_width = 2, IMAGE(224, 224, 3), .classes = 10},
     2,
     127594},
    {"mobilenetv2",
     {.arch = "mobilenetv2", .base_width = 8, IMAGE(16, 16, 3), .classes = 10},
     2,
     250922},
    {"mobilenetv2-large",
     {.arch = "mobilenetv2", .stem = "large", .base_width = 24, IMAGE(33, 64, 1), .classes = 10},
     2,
     1367802},
    {"shufflenetv2",
     {.arch = "shufflenetv2-x0.5", .base_width = 12, IMAGE(16, 16, 3), .classes = 10},
     2,
     74302},
    {"shufflenetv2-large",
     {.arch = "shufflenetv2-x1.0", .stem = "large", IMAGE(64, 33, 3), .classes = 10},
     2,
     1263854},
    {"densenet-bc", {.arch = "densenet-bc-22-6", IMAGE(16, 16, 3), .classes = 10}, 2, 18700},
    {"densenet121",
     {.arch = "densenet121", .base_width = 8, IMAGE(16, 16, 3), .classes = 10},
     2,
     119162},
};

static rt_network *create(const model_case *c)
{
    rt_network *network;
    rt_network_description description = c->description;
    memcpy(description.mean, mean, sizeof mean);
    memcpy(description.std, std_, sizeof std_);
    rt_test_ok(rt_network_create(&network, &description));
    return network;
}

/* What the golden file calls a tensor behind the one named `last` (models.py, list_tensors). */
static void describe(char text[256], const rt_parameter *p, const char *last)
{
    const int module = (int)(strrchr(p->name, '.') - p->name);
    const bool same =
        strncmp(p->name, last, (size_t)module + 1) == 0 && strchr(last + module + 1, '.') == NULL;
    int length = same ? 0 : snprintf(text, 256, ";%.*s", module, p->name);
    length += snprintf(text + length, 256 - (size_t)length, ",%s", p->name + module + 1);
    for (uint32_t d = 0; d < p->rank; d++)
        length += snprintf(text + length, 256 - (size_t)length, " %u", p->dims[d]);
}

static void check_names(const model_case *c, rt_parameters *parameters, const rt_safetensors *file)
{
    const char *expected = rt_safetensors_metadata(file, c->name), *last = "";
    cr_assert_not_null(expected, "the golden file has no names of '%s'", c->name);
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *p = rt_parameters_row(parameters, row);
        char text[256];
        describe(text, p, last);
        cr_assert_eq(strncmp(expected, text, strlen(text)), 0, "%s: '%s' where '%.60s' is expected",
                     c->name, text, expected);
        expected += strlen(text);
        last = p->name;
    }
    cr_assert_str_empty(expected, "%s: more tensors are expected: '%.60s'", c->name, expected);
}

Test(nn_models, have_the_names_shapes_and_counts_of_pytorch)
{
    rt_safetensors file = {0};
    rt_golden_open(&file, "models.safetensors");
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        rt_network *network = create(&cases[i]);
        rt_parameters *parameters = rt_network_parameters(network);
        check_names(&cases[i], parameters, &file);
        cr_assert_eq(rt_parameters_trained_numbers(parameters), cases[i].trained_numbers,
                     "%s: %llu", cases[i].name,
                     (unsigned long long)rt_parameters_trained_numbers(parameters));
        rt_network_free(network);
    }
    rt_safetensors_close(&file);
}

/* A network applied once, in one mode. */
typedef struct application {
    const model_case *c;
    rt_network *network;
    rt_graph *graph;
    rt_phase *phase;
    rt_network_outputs outputs;
    float *dense;
} application;

static void apply(application *a, const model_case *c, bool training)
{
    const rt_network_description *d = &c->description;
    *a = (application){.c = c, .network = create(c)};
    rt_test_ok(rt_network_allocate(a->network, rt_test_device()));
    rt_golden_fill(rt_network_parameters(a->network), c->name);
    rt_test_ok(rt_graph_create(&a->graph));
    rt_tensor *images =
        rt_graph_input(a->graph, "images", (rt_shape){c->batch, d->height, d->width, d->channels});
    rt_network_apply(a->network, a->graph, c->name, images,
                     &(rt_apply_options){.training = training, .update_statistics = training},
                     &a->outputs);
    rt_graph_output(a->graph, a->outputs.logits);
    rt_graph_output(a->graph, a->outputs.features);
    for (uint32_t i = 0; i < a->outputs.tap_count; i++)
        rt_graph_output(a->graph, a->outputs.taps[i]);
    rt_test_ok(rt_graph_status(a->graph));
    rt_test_ok(rt_phase_create(&a->phase, rt_test_device(), a->graph,
                               &(rt_phase_options){.poison = true}));
    char name[64];
    snprintf(name, sizeof name, "images.%s", c->name);
    const uint64_t count = rt_shape_pixels(images->shape) * images->shape.c;
    rt_test_ok(RT_ALLOC(a->dense, count));
    for (uint64_t i = 0; i < count; i++) a->dense[i] = rt_golden_pixel(name, i);
    rt_tensor_pack(images->shape, a->dense, rt_phase_input(a->phase, images));
    rt_test_ok(rt_phase_submit(a->phase));
    rt_test_ok(rt_phase_wait(a->phase));
}

static void finish(application *a)
{
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
    rt_phase_free(a->phase);
    rt_graph_free(a->graph);
    rt_network_free(a->network);
    rt_free(a->dense);
}

/* The kernels see a parameter set as one texel buffer; the smallest one allowed is too small for
 * some of these networks. */
static bool fits(const model_case *c)
{
    rt_network *network = create(c);
    const rt_parameters *parameters = rt_network_parameters(network);
    uint64_t texels = 0;
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++)
        texels += rt_shape_vec4_count(rt_parameters_row(parameters, row)->shape) + 16;
    rt_network_free(network);
    return texels <= rt_device_describe(rt_test_device())->maximum_texel_elements;
}

static float *fetch(const application *a, const rt_tensor *tensor)
{
    float *dense;
    rt_test_ok(RT_ALLOC(dense, rt_shape_pixels(tensor->shape) * tensor->shape.c));
    rt_tensor_unpack(tensor->shape, rt_phase_output(a->phase, tensor), dense);
    return dense;
}

/* How many times more than the others a network loses in float32, in PyTorch as well: behind
 * MobileNetV2's linear blocks errors stay as large as they are. */
static double noise(const model_case *c)
{
    return strcmp(c->description.arch, "mobilenetv2") == 0 ? 5 : 1;
}

static void compare(const application *a, const rt_tensor *tensor, const rt_safetensors *file,
                    const char *what, double tolerance)
{
    tolerance *= noise(a->c);
    float *dense = fetch(a, tensor);
    const rt_safetensors_entry *expected = rt_golden_find(file, "%s.%s", a->c->name, what);
    cr_assert_eq(expected->count, rt_shape_pixels(tensor->shape) * tensor->shape.c);
    rt_golden_compare(expected, dense, tolerance);
    rt_free(dense);
}

/* sum of values * sequence; the error allowed is that of as many float numbers. */
static void compare_sum(const char *name, const char *sequence, const float *values, uint64_t count,
                        const rt_safetensors_entry *expected, uint64_t number)
{
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < count; i++) {
        sum += (double)values[i] * rt_golden_value(sequence, i);
        squares += (double)values[i] * (double)values[i];
    }
    cr_assert_float_eq(sum, rt_golden_number(expected, number), 1e-5 * sqrt(squares) + 1e-6,
                       "%s: %s %llu is %.8g, expected %.8g", name, sequence,
                       (unsigned long long)number, sum, rt_golden_number(expected, number));
}

static void compare_taps(const application *a, const rt_safetensors *file)
{
    const rt_safetensors_entry *sums = rt_golden_find(file, "%s.eval.taps", a->c->name);
    cr_assert_eq(a->outputs.tap_count, sums->count, "%s: taps", a->c->name);
    for (uint32_t i = 0; i < a->outputs.tap_count; i++) {
        const rt_shape shape = a->outputs.taps[i]->shape;
        float *dense = fetch(a, a->outputs.taps[i]);
        compare_sum(a->c->name, "tap", dense, rt_shape_pixels(shape) * shape.c, sums, i);
        rt_free(dense);
    }
}

static void compare_statistics(const application *a, const rt_safetensors *file)
{
    rt_parameters *parameters = rt_network_parameters(a->network);
    const rt_safetensors_entry *sums = rt_golden_find(file, "%s.train.running", a->c->name);
    uint32_t number = 0;
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *p = rt_parameters_row(parameters, row);
        float values[2048];
        if (!p->statistic) continue;
        rt_test_ok(rt_parameters_read(parameters, RT_PIECE_VALUES, row, values));
        cr_assert_lt(number, sums->count);
        compare_sum(p->name, "running", values, p->dims[0], sums, number++);
    }
    cr_assert_eq(number, sums->count);
}

Test(nn_models, compute_what_pytorch_computes)
{
    rt_safetensors file = {0};
    application a;
    rt_golden_open(&file, "models.safetensors");
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        if (!fits(&cases[i])) continue;
        apply(&a, &cases[i], false);
        compare(&a, a.outputs.logits, &file, "eval.logits", 2e-5);
        compare(&a, a.outputs.features, &file, "eval.features", 2e-5);
        compare_taps(&a, &file);
        finish(&a);
        apply(&a, &cases[i], true);
        compare(&a, a.outputs.logits, &file, "train.logits", 2e-4);
        compare_statistics(&a, &file);
        finish(&a);
    }
    rt_safetensors_close(&file);
}

Test(nn_models, builds_every_size_of_every_family)
{
    static const char *const archs[] = {"resnet8",
                                        "resnet14",
                                        "resnet32",
                                        "resnet44",
                                        "resnet56",
                                        "resnet110",
                                        "resnet18",
                                        "resnet34",
                                        "resnet50",
                                        "resnet101",
                                        "resnet152",
                                        "wrn-16-2",
                                        "wrn-22-1",
                                        "wrn-28-10",
                                        "wrn-40-1",
                                        "wrn-40-2",
                                        "vgg8",
                                        "vgg11",
                                        "vgg13",
                                        "vgg16",
                                        "vgg19",
                                        "densenet121",
                                        "densenet161",
                                        "densenet169",
                                        "densenet201",
                                        "densenet-bc-40-12",
                                        "densenet-bc-100-12",
                                        "densenet-bc-190-40",
                                        "densenet-bc-121-12",
                                        "mobilenetv2",
                                        "shufflenetv2-x0.5",
                                        "shufflenetv2-x1.0",
                                        "shufflenetv2-x1.5",
                                        "shufflenetv2-x2.0"};
    for (size_t i = 0; i < RT_COUNT(archs); i++) {
        const model_case c = {archs[i], {.arch = archs[i], IMAGE(32, 32, 3), .classes = 100}, 1, 0};
        rt_network *network = create(&c);
        cr_assert_gt(rt_parameters_trained_numbers(rt_network_parameters(network)), 70000);
        rt_network_free(network);
    }
}

/* What torchvision's documentation says of its models: the large stem, 1000 classes. */
Test(nn_models, have_as_many_parameters_as_torchvision_publishes)
{
    static const struct {
        const char *arch;
        uint64_t numbers;
    } published[] = {
        {"resnet18", 11689512},         {"resnet34", 21797672},
        {"resnet50", 25557032},         {"resnet101", 44549160},
        {"resnet152", 60192808},        {"vgg11", 132868840},
        {"vgg13", 133053736},           {"vgg16", 138365992},
        {"vgg19", 143678248},           {"mobilenetv2", 3504872},
        {"shufflenetv2-x0.5", 1366792}, {"shufflenetv2-x1.0", 2278604},
        {"shufflenetv2-x1.5", 3503624}, {"shufflenetv2-x2.0", 7393996},
        {"densenet121", 7978856},       {"densenet161", 28681000},
        {"densenet169", 14149480},      {"densenet201", 20013928},
    };
    for (size_t i = 0; i < RT_COUNT(published); i++) {
        const model_case c = {
            published[i].arch,
            {.arch = published[i].arch, .stem = "large", IMAGE(224, 224, 3), .classes = 1000},
            1,
            0};
        rt_network *network = create(&c);
        cr_expect_eq(rt_parameters_trained_numbers(rt_network_parameters(network)),
                     published[i].numbers, "%s", c.name);
        rt_network_free(network);
    }
}

static void expect_refusal(rt_network_description description, const char *words)
{
    rt_network *network;
    const bool given = description.std[0] != 0;
    for (int c = 0; c < 4 && !given; c++) description.std[c] = 1;
    cr_assert_eq(rt_network_create(&network, &description), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), words), "message: %s", rt_error_message());
}

Test(nn_models, refuse_what_does_not_exist)
{
    expect_refusal((rt_network_description){.arch = "resnet9", IMAGE(8, 8, 3), .classes = 2},
                   "6n+2");
    expect_refusal((rt_network_description){.arch = "resnet266", IMAGE(8, 8, 3), .classes = 2},
                   "more than 256 batch norms");
    expect_refusal((rt_network_description){.arch = "wrn-17-2", IMAGE(8, 8, 3), .classes = 2},
                   "6n+4");
    expect_refusal((rt_network_description){.arch = "vgg9", IMAGE(8, 8, 3), .classes = 2}, "vgg8");
    expect_refusal((rt_network_description){.arch = "alexnet", IMAGE(8, 8, 3), .classes = 2},
                   "unknown architecture 'alexnet'");
    expect_refusal((rt_network_description){.arch = "wrn-16-1x", IMAGE(8, 8, 3), .classes = 2},
                   "unknown architecture");
    expect_refusal(
        (rt_network_description){.arch = "resnet8", .shortcut = "C", IMAGE(8, 8, 3), .classes = 2},
        "shortcut 'C'");
    expect_refusal(
        (rt_network_description){.arch = "resnet18", .stem = "7x7", IMAGE(8, 8, 3), .classes = 2},
        "unknown stem '7x7'");
    expect_refusal(
        (rt_network_description){.arch = "resnet8", .stem = "large", IMAGE(8, 8, 3), .classes = 2},
        "'resnet8' has no large stem");
    expect_refusal(
        (rt_network_description){.arch = "wrn-10-1", .stem = "large", IMAGE(8, 8, 3), .classes = 2},
        "'wrn-10-1' has no large stem");
    expect_refusal(
        (rt_network_description){.arch = "vgg16", .stem = "large", IMAGE(64, 64, 3), .classes = 2},
        "not 64x64");
    expect_refusal(
        (rt_network_description){
            .arch = "shufflenetv2-x1.0", .base_width = 33, IMAGE(8, 8, 3), .classes = 2},
        "even");
    expect_refusal((rt_network_description){.arch = "densenet122", IMAGE(8, 8, 3), .classes = 2},
                   "no 'densenet122'");
    expect_refusal(
        (rt_network_description){.arch = "densenet-bc-100-0", IMAGE(8, 8, 3), .classes = 2},
        "growth K of 1");
    expect_refusal(
        (rt_network_description){
            .arch = "densenet-bc-100-12", .base_width = 8, IMAGE(8, 8, 3), .classes = 2},
        "leave base_width out");
    expect_refusal(
        (rt_network_description){
            .arch = "densenet-bc-100-12", .stem = "large", IMAGE(8, 8, 3), .classes = 2},
        "no large stem");
    expect_refusal(
        (rt_network_description){
            .arch = "densenet121", .base_width = 9, IMAGE(8, 8, 3), .classes = 2},
        "base_width of 9");
    expect_refusal((rt_network_description){.arch = "resnet8", IMAGE(3, 8, 3), .classes = 2},
                   "at least 4x4");
    expect_refusal((rt_network_description){.arch = "resnet8", IMAGE(8, 8, 5), .classes = 2},
                   "channels");
    expect_refusal((rt_network_description){.arch = "resnet8", IMAGE(8, 8, 3), .classes = 1},
                   "classes");
    expect_refusal(
        (rt_network_description){
            .arch = "resnet8", IMAGE(8, 8, 3), .classes = 2, .std = {1, -1, 1, 1}},
        "std of channel 1");
    expect_refusal((rt_network_description){IMAGE(8, 8, 3), .classes = 2}, "arch");
}

Test(nn_models, names_the_network_that_does_not_fit_the_images)
{
    rt_network *network = create(&cases[0]);
    rt_graph *graph;
    rt_network_outputs outputs;
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *images = rt_graph_input(graph, "images", (rt_shape){2, 12, 20, 3});
    rt_network_apply(network, graph, "teacher", images, &(rt_apply_options){0}, &outputs);
    cr_assert_eq(rt_graph_status(graph), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "teacher 'resnet8' takes images of 12x20x1"),
                       "%s", rt_error_message());
    rt_graph_free(graph);
    rt_network_free(network);
}
