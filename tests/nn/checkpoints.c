/* Checkpoints that PyTorch saved (tests/golden/checkpoints.py), in every form: nothing is said of
 * them but their normalisation, and they give PyTorch's logits. */

#include "common/nn/model_file.h"
#include "tests/golden/formula.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(nn_checkpoints, .timeout = 300);

enum { N = 2, H = 12, W = 16 };

static const struct {
    const char *name, *arch, *shortcut;
    uint32_t base_width, channels;
    rt_weights_format format;
    const char *prefix;
} cases[] = {
    {"plain", "resnet8", "A", 4, 3, RT_WEIGHTS_PYTORCH_ZIP, ""},
    {"legacy", "resnet8", "A", 4, 3, RT_WEIGHTS_PYTORCH_LEGACY, ""},
    {"half", "resnet8", "B", 4, 3, RT_WEIGHTS_PYTORCH_ZIP, ""},
    {"bfloat16", "wrn-10-1", NULL, 4, 3, RT_WEIGHTS_PYTORCH_ZIP, ""},
    {"double", "resnet8", "A", 4, 1, RT_WEIGHTS_PYTORCH_ZIP, ""},
    {"parallel", "resnet8", "B", 4, 3, RT_WEIGHTS_PYTORCH_ZIP, "module."},
    {"strided", "resnet8", "B", 4, 3, RT_WEIGHTS_PYTORCH_ZIP, ""},
    {"raw", "wrn-10-2", "raw", 2, 3, RT_WEIGHTS_PYTORCH_ZIP, ""},
    {"vgg8", "vgg8", NULL, 4, 3, RT_WEIGHTS_PYTORCH_ZIP, ""},
};

static const float mean[] = {0.45f, 0.5f, 0.55f}, std_[] = {0.2f, 0.25f, 0.3f};

static const char *path_of(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/tests/golden/checkpoints/%s.pth", RT_SOURCE_FOLDER, name);
    return path;
}

static rt_model_hints hints_of(uint32_t channels)
{
    return (rt_model_hints){
        .channels = channels, .height = H, .width = W, .mean = mean, .std = std_};
}

/* Logits of the images of the formula. */
static void compute(rt_network *network, uint32_t channels, float *logits)
{
    rt_graph *graph;
    rt_phase *phase;
    rt_network_outputs outputs;
    const rt_shape shape = {N, H, W, channels};
    float images[N * H * W * 3];
    rt_test_ok(rt_graph_create(&graph));
    rt_tensor *input = rt_graph_input(graph, "images", shape);
    rt_network_apply(network, graph, "teacher", input, &(rt_apply_options){0}, &outputs);
    rt_graph_output(graph, outputs.logits);
    rt_test_ok(rt_graph_status(graph));
    rt_test_ok(rt_phase_create(&phase, rt_test_device(), graph, NULL));
    for (uint32_t i = 0; i < N * H * W * channels; i++)
        images[i] = rt_golden_pixel("images.checkpoints", i);
    rt_tensor_pack(shape, images, rt_phase_input(phase, input));
    rt_test_ok(rt_phase_submit(phase));
    rt_test_ok(rt_phase_wait(phase));
    rt_tensor_unpack(outputs.logits->shape, rt_phase_output(phase, outputs.logits), logits);
    rt_phase_free(phase);
    rt_graph_free(graph);
}

Test(nn_checkpoints, give_the_logits_of_pytorch)
{
    rt_safetensors file = {0};
    rt_golden_open(&file, "checkpoints/logits.safetensors");
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        rt_network *network;
        float logits[N * 10];
        const rt_model_hints hints = hints_of(cases[i].channels);
        rt_test_ok(rt_model_load(&network, rt_test_device(), path_of(cases[i].name), &hints, NULL));
        const rt_network_description *d = rt_network_describe(network);
        cr_expect_str_eq(d->arch, cases[i].arch);
        cr_expect_eq(d->base_width, cases[i].base_width);
        cr_expect_eq(d->channels, cases[i].channels);
        cr_expect_eq(d->classes, 10);
        cr_expect((d->shortcut == NULL) == (cases[i].shortcut == NULL), "%s", cases[i].name);
        if (d->shortcut != NULL && cases[i].shortcut != NULL)
            cr_expect_str_eq(d->shortcut, cases[i].shortcut);
        compute(network, cases[i].channels, logits);
        rt_golden_compare(rt_golden_find(&file, "%s", cases[i].name), logits, 2e-5);
        rt_network_free(network);
    }
    rt_safetensors_close(&file);
}

Test(nn_checkpoints, say_how_they_were_saved)
{
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        rt_weights weights = {0};
        rt_test_ok(rt_weights_open(&weights, path_of(cases[i].name)));
        cr_expect_eq(weights.format, cases[i].format, "%s", cases[i].name);
        cr_expect_str_eq(weights.prefix, cases[i].prefix);
        rt_weights_close(&weights);
    }
}

/* The same weights, whatever they came in, are the same bytes here. */
Test(nn_checkpoints, convert_to_equal_files)
{
    const char *first = rt_test_path("first.safetensors"),
               *second = rt_test_path("second.safetensors");
    const rt_model_hints hints = hints_of(3);
    for (int turn = 0; turn < 2; turn++) { /* the checkpoint, then what it was converted to */
        rt_weights weights = {0};
        rt_arena arena = {0};
        rt_network_description d;
        rt_test_ok(rt_weights_open(&weights, turn == 0 ? path_of("strided") : first));
        rt_test_ok(rt_model_describe(&d, &arena, &weights, &hints));
        rt_test_ok(rt_model_convert(&weights, &d, turn == 0 ? first : second, NULL));
        rt_arena_clear(&arena);
        rt_weights_close(&weights);
    }
    cr_assert(rt_test_same(first, second, NULL));
}

Test(nn_checkpoints, need_their_normalisation)
{
    rt_network *network;
    rt_model_hints hints = hints_of(3);
    hints.std = NULL;
    cr_assert_eq(rt_model_load(&network, rt_test_device(), path_of("plain"), &hints, NULL),
                 RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "give --std (in a config teacher_std)"), "%s",
                       rt_error_message());
    hints = hints_of(1);
    cr_assert_eq(rt_model_load(&network, rt_test_device(), path_of("plain"), &hints, NULL),
                 RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "'mean' has 1 numbers"), "%s",
                       rt_error_message());
}
