/* The test models of ONNX itself, made into classifiers (onnx_conformance.py): whatever the import
 * takes computes what ONNX says; the rest is refused, and nothing else happens. */

#include "common/base/io.h"
#include "common/graph/phase.h"
#include "common/nn/model_file.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(nn_onnx_conformance, .timeout = 600);

enum { PARTS = 4, NO_DATA = 77 }; /* parts of the cases, so that processors share them */

static const char script[] = "import runpy, sys\n"
                             "path = '" RT_SOURCE_FOLDER "/tests/nn/onnx_conformance.py'\n"
                             "runpy.run_path(path, run_name='__main__')\n";

typedef struct conformance_case {
    const char *name; ///< of the model, without its ending
    rt_buffer bytes;  ///< of NAME.bin
    rt_shape shape;
    uint32_t classes;
    const float *images, *logits;
} conformance_case;

static const char *path_of(const char *name, const char *ending)
{
    char file[300];
    snprintf(file, sizeof file, "%s%s", name, ending);
    return rt_test_path(file);
}

static void open_case(conformance_case *c, const char *name)
{
    uint32_t head[5];
    *c = (conformance_case){.name = name};
    rt_test_ok(rt_file_read(&c->bytes, path_of(name, ".bin"), 1 << 28));
    memcpy(head, c->bytes.data, sizeof head);
    c->shape = (rt_shape){head[0], head[1], head[2], head[3]};
    c->classes = head[4];
    c->images = (const float *)(const void *)(c->bytes.data + sizeof head);
    c->logits = c->images + rt_shape_pixels(c->shape) * c->shape.c;
    cr_assert_eq(c->bytes.size, sizeof head + sizeof(float) * (rt_shape_pixels(c->shape) * head[3] +
                                                               (uint64_t)head[0] * head[4]));
}

static void compare(const conformance_case *c, const rt_tensor *tensor, const rt_phase *phase)
{
    const uint64_t count = (uint64_t)c->shape.n * c->classes;
    float *found, largest = 1;
    cr_assert(rt_shape_equal(tensor->shape, (rt_shape){c->shape.n, 1, 1, c->classes}), "%s",
              c->name);
    rt_test_ok(RT_ALLOC(found, count));
    rt_tensor_unpack(tensor->shape, rt_phase_output(phase, tensor), found);
    for (uint64_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(c->logits[i]));
    uint64_t wrong = 0;
    while (wrong < count && fabsf(found[wrong] - c->logits[wrong]) <= 1e-4f * largest) wrong++;
    cr_expect(wrong == count, "%s: logit %llu is %g instead of %g", c->name,
              (unsigned long long)wrong, (double)found[wrong % count],
              (double)c->logits[wrong % count]);
    rt_free(found);
}

static void compute(const conformance_case *c, rt_network *network)
{
    rt_graph *graph;
    rt_phase *phase;
    rt_network_outputs *outputs;
    rt_test_ok(RT_ALLOC(outputs, 1));
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *images = rt_graph_input(graph, "images", c->shape);
    rt_network_apply(network, graph, "teacher", images, &(rt_apply_options){0}, outputs);
    rt_test_ok(rt_graph_status(graph));
    rt_graph_output(graph, outputs->logits);
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, &(rt_phase_options){0}));
    rt_tensor_pack(c->shape, c->images, rt_phase_input(phase, images));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    compare(c, outputs->logits, phase);
    rt_phase_free(phase);
    rt_graph_free(graph);
    rt_free(outputs);
}

/* Whether the import takes the model. */
static bool check(const char *name)
{
    static const float zeros[4], ones[4] = {1, 1, 1, 1};
    conformance_case c;
    rt_network *network;
    open_case(&c, name);
    const rt_model_hints hints = {.channels = c.shape.c, .mean = zeros, .std = ones};
    const rt_status status =
        rt_model_load(&network, rt_test_device(), path_of(name, ".onnx"), &hints, NULL);
    if (status == RT_OK) {
        compute(&c, network);
        rt_network_free(network);
    } else {
        cr_assert_eq(status, RT_ERROR_INPUT, "%s: %s", name, rt_error_message());
        cr_log_info("refused: %s", rt_error_message());
    }
    rt_buffer_clear(&c.bytes);
    return status == RT_OK;
}

static void check_part(uint32_t part, uint32_t least)
{
    const int made = rt_test_python("onnx", script, rt_test_folder());
    if (made == -1 || made == NO_DATA)
        cr_skip_test("no packages python3-onnx and libonnx-testdata");
    cr_assert_eq(made, 0, "the models were not made");
    rt_arena arena = {0};
    char **names;
    size_t count;
    uint32_t cases = 0, taken = 0;
    rt_test_ok(rt_directory_list(&arena, rt_test_folder(), &names, &count));
    for (size_t i = 0; i < count; i++) {
        char *ending = strstr(names[i], ".bin");
        if (ending == NULL || cases++ % PARTS != part) continue;
        *ending = '\0';
        taken += check(names[i]);
    }
    cr_log_info("%u cases of a quarter of %u are taken", taken, cases);
    cr_assert_geq(taken, least, "only %u cases are taken", taken);
    cr_assert_eq(rt_device_validation_messages(rt_test_device()), 0, "validation messages");
    rt_arena_clear(&arena);
}

/* How many are taken of the 485 cases that Debian 12's package makes (docs/models.md): an import
 * that takes fewer has lost something. */
Test(nn_onnx_conformance, first_quarter) { check_part(0, 44); }
Test(nn_onnx_conformance, second_quarter) { check_part(1, 54); }
Test(nn_onnx_conformance, third_quarter) { check_part(2, 50); }
Test(nn_onnx_conformance, last_quarter) { check_part(3, 48); }
