/* Networks that PyTorch exported to ONNX compute what they compute there: logits and gradients with
 * respect to the image (tests/golden/onnx_models.py). */

#include "common/graph/phase.h"
#include "common/nn/blueprint.h"
#include "common/nn/onnx/import.h"
#include "common/ops/dot.h"
#include "tests/golden/formula.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(nn_onnx, .timeout = 600);

static const float mean[] = {0.45f, 0.5f, 0.55f}, std_[] = {0.2f, 0.25f, 0.3f};

static const char *path_of(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/tests/golden/onnx/%s.onnx", RT_SOURCE_FOLDER, name);
    return path;
}

/* A network and one pass through it, forward and back. */
typedef struct application {
    const char *name;
    rt_shape shape;
    bool centred; ///< the golden logits are
    rt_graph *graph;
    rt_phase *phase;
    rt_tensor *images, *gradient;
    rt_network_outputs outputs;
} application;

/* A softmax does not see what all logits have in common: the golden ones are without it. */
static void centre(float *row, uint32_t count)
{
    float sum = 0;
    for (uint32_t k = 0; k < count; k++) sum += row[k];
    for (uint32_t k = 0; k < count; k++) row[k] -= sum / (float)count;
}

static void build(application *a, rt_network *network)
{
    rt_test_ok(rt_graph_create(&a->graph));
    a->images = rt_graph_input(a->graph, "images", a->shape);
    rt_graph_require_gradient(a->graph, a->images);
    rt_network_apply(network, a->graph, "teacher", a->images, &(rt_apply_options){0}, &a->outputs);
    rt_test_ok(rt_graph_status(a->graph));
    const rt_shape shape = a->outputs.logits->shape;
    float numbers[64];
    char sequence[64];
    snprintf(sequence, sizeof sequence, "weights.%s", a->name);
    for (uint32_t i = 0; i < shape.n * shape.c; i++)
        numbers[i] = (float)rt_golden_value(sequence, i);
    for (uint32_t n = 0; a->centred && n < shape.n; n++) centre(numbers + n * shape.c, shape.c);
    rt_tensor *weights = rt_graph_constant(a->graph, "weights", shape, numbers);
    rt_graph_output(a->graph, a->outputs.logits);
    rt_graph_differentiate(a->graph, rt_dot(a->graph, a->outputs.logits, weights));
    rt_test_ok(rt_graph_status(a->graph));
    a->gradient = a->images->gradient;
    rt_graph_output(a->graph, a->gradient);
    rt_test_ok(rt_phase_create(&a->phase, rt_test_device(), a->graph,
                               &(rt_phase_options){.poison = true}));
}

static void run(const application *a)
{
    char sequence[64];
    const uint64_t count = rt_shape_pixels(a->shape) * a->shape.c;
    float *dense;
    snprintf(sequence, sizeof sequence, "images.%s", a->name);
    rt_test_ok(RT_ALLOC(dense, count));
    for (uint64_t i = 0; i < count; i++) dense[i] = rt_golden_pixel(sequence, i);
    rt_tensor_pack(a->shape, dense, rt_phase_input(a->phase, a->images));
    rt_free(dense);
    rt_test_ok(rt_phase_submit(a->phase));
    rt_test_ok(rt_phase_wait(a->phase));
}

static void compare(const application *a, const rt_safetensors *golden, const rt_tensor *tensor,
                    const char *what, bool centred)
{
    const rt_safetensors_entry *expected = rt_golden_find(golden, "%s.%s", a->name, what);
    const uint64_t count = rt_shape_pixels(tensor->shape) * tensor->shape.c;
    float *dense;
    rt_test_ok(RT_ALLOC(dense, count));
    cr_assert_eq(expected->count, count, "%s: %s", a->name, what);
    rt_tensor_unpack(tensor->shape, rt_phase_output(a->phase, tensor), dense);
    for (uint32_t n = 0; centred && n < tensor->shape.n; n++)
        centre(dense + n * tensor->shape.c, tensor->shape.c);
    rt_golden_compare(expected, dense, 1e-4);
    rt_free(dense);
}

static void check(rt_network *network, const rt_safetensors *golden, const char *name, bool centred)
{
    const rt_safetensors_entry *size = rt_golden_find(golden, "%s.size", name);
    application a = {
        .name = name,
        .centred = centred,
        .shape = {(uint32_t)rt_golden_number(size, 0), (uint32_t)rt_golden_number(size, 1),
                  (uint32_t)rt_golden_number(size, 2), (uint32_t)rt_golden_number(size, 3)}};
    build(&a, network);
    run(&a);
    compare(&a, golden, a.outputs.logits, "logits", centred);
    compare(&a, golden, a.gradient, "gradient", false);
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
    rt_phase_free(a.phase);
    rt_graph_free(a.graph);
}

static void check_file(const rt_safetensors *golden, const char *name, bool centred)
{
    const rt_safetensors_entry *size = rt_golden_find(golden, "%s.size", name);
    const rt_model_hints hints = {
        .channels = (uint32_t)rt_golden_number(size, 3), .mean = mean, .std = std_};
    rt_network *network;
    rt_test_ok(rt_model_load(&network, rt_test_device(), path_of(name), &hints, NULL));
    check(network, golden, name, centred);
    rt_network_free(network);
}

static void check_files(const char *const *names, size_t count, bool centred)
{
    rt_safetensors golden = {0};
    rt_golden_open(&golden, "onnx.safetensors");
    for (size_t i = 0; i < count; i++) check_file(&golden, names[i], centred);
    rt_safetensors_close(&golden);
}

#define CHECK(centred, ...)                                                                        \
    check_files((const char *const[]){__VA_ARGS__},                                                \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (centred))

/* A model file of it holds all of it. */
Test(nn_onnx, comes_back_from_a_model_file)
{
    static const char *const names[] = {"shuffle13", "flattened13", "excitation11"};
    rt_safetensors golden = {0};
    rt_golden_open(&golden, "onnx.safetensors");
    for (size_t i = 0; i < RT_COUNT(names); i++) {
        rt_network *network, *copy;
        const char *path = rt_test_path("model.safetensors");
        char saved[RT_SHA256_TEXT], loaded[RT_SHA256_TEXT];
        const rt_model_hints hints = {.channels = i == 1 ? 1 : 3, .mean = mean, .std = std_},
                             none = {0};
        rt_test_ok(rt_model_load(&network, rt_test_device(), path_of(names[i]), &hints, loaded));
        rt_test_ok(rt_model_save(network, path, NULL, 0, saved));
        cr_assert_str_eq(saved, loaded);
        rt_test_ok(rt_model_load(&copy, rt_test_device(), path, &none, NULL));
        check(copy, &golden, names[i], i == 1);
        rt_network_free(network);
        rt_network_free(copy);
    }
    rt_safetensors_close(&golden);
}

/* What synthesis and distillation want of a teacher: taps, features, batch norms. */
Test(nn_onnx, has_taps_features_and_batch_norms)
{
    const rt_model_hints hints = {.channels = 3, .mean = mean, .std = std_};
    rt_network *network;
    rt_graph *graph;
    rt_network_outputs *o;
    rt_test_ok(RT_ALLOC(o, 1));
    rt_test_ok(rt_model_load(&network, rt_test_device(), path_of("residual17"), &hints, NULL));
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *images = rt_graph_input(graph, "images", (rt_shape){2, 12, 16, 3});
    rt_network_apply(network, graph, "teacher", images, &(rt_apply_options){0}, o);
    rt_test_ok(rt_graph_status(graph));
    cr_assert_eq(o->tap_count, 2);
    cr_assert(rt_shape_equal(o->taps[0]->shape, (rt_shape){2, 6, 8, 8}));
    cr_assert(rt_shape_equal(o->taps[1]->shape, (rt_shape){2, 3, 4, 12}));
    cr_assert(rt_shape_equal(o->features->shape, (rt_shape){2, 1, 1, 12}));
    cr_assert_eq(o->batch_norm_count, 4);
    /* The additions and activations are the batch norms': 2 taps end in one. */
    cr_assert_eq(strncmp(o->taps[0]->producer->operator_->name, "batch_norm", 10), 0);
    cr_assert_eq(strncmp(o->taps[1]->producer->operator_->name, "batch_norm", 10), 0);
    const rt_blueprint *blueprint = rt_network_describe(network)->blueprint;
    uint32_t residuals = 0;
    for (uint32_t i = 0; i < blueprint->layer_count; i++) {
        cr_assert_neq(blueprint->layers[i].kind, RT_LAYER_RELU);
        cr_assert_neq(blueprint->layers[i].kind, RT_LAYER_ADD);
        residuals += blueprint->layers[i].kind == RT_LAYER_BATCH_NORM &&
                     blueprint->layers[i].input_count == 2;
    }
    cr_assert_eq(residuals, 2);
    rt_graph_free(graph);
    rt_network_free(network);
    rt_free(o);
}

Test(nn_onnx, residual_networks) { CHECK(false, "residual9", "residual17", "folded13"); }
Test(nn_onnx, activations) { CHECK(false, "activations9", "activations17"); }
Test(nn_onnx, convolutions) { CHECK(false, "convolutions11"); }
Test(nn_onnx, grouped_convolutions) { CHECK(false, "groups13"); }
Test(nn_onnx, pools) { CHECK(false, "pools11", "pools17"); }
Test(nn_onnx, channel_shuffles) { CHECK(false, "shuffle9", "shuffle13"); }
Test(nn_onnx, movements) { CHECK(false, "movement10", "movement17", "option_a10", "option_a17"); }
Test(nn_onnx, linear_layers_over_tokens) { CHECK(false, "mixer13"); }
Test(nn_onnx, resizes) { CHECK(false, "resizes9", "resizes11", "resizes17"); }
Test(nn_onnx, broadcasts) { CHECK(false, "excitation11", "normalised17"); }
Test(nn_onnx, leaves_out_a_softmax_at_the_end) { CHECK(true, "dense11", "flattened13"); }
