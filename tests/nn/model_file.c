/* Model files: what is saved comes back, a stranger's file needs hints, a wrong one is refused. */

#include "common/nn/model_file.h"
#include "tests/golden/formula.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(nn_model_file, .timeout = 120);

static const rt_network_description described = {
    .arch = "resnet8",
    .base_width = 4,
    .shortcut = "B",
    .stem = "small",
    .channels = 3,
    .height = 8,
    .width = 12,
    .classes = 5,
    .mean = {0.1f, 0.2f, 1.0f / 3},
    .std = {0.25f, 0.5f, 0.3f},
};

static const rt_model_hints no_hints = {0};

static rt_network *make(const rt_network_description *description)
{
    rt_network *network;
    rt_test_ok(rt_network_create(&network, description));
    rt_test_ok(rt_network_allocate(network, rt_test_device()));
    rt_golden_fill(rt_network_parameters(network), "model");
    return network;
}

static void expect_equal_parameters(rt_network *left, rt_network *right)
{
    rt_parameters *a = rt_network_parameters(left), *b = rt_network_parameters(right);
    cr_assert_eq(rt_parameters_count(a), rt_parameters_count(b));
    for (uint32_t row = 0; row < rt_parameters_count(a); row++) {
        const rt_parameter *p = rt_parameters_row(a, row);
        const uint64_t numbers = rt_parameter_numbers(p);
        float *x = malloc(4 * numbers), *y = malloc(4 * numbers);
        rt_test_ok(rt_parameters_read(a, RT_PIECE_VALUES, row, x));
        rt_test_ok(
            rt_parameters_read(b, RT_PIECE_VALUES, (uint32_t)rt_parameters_find(b, p->name), y));
        cr_assert_eq(memcmp(x, y, 4 * numbers), 0, "'%s' changed", p->name);
        free(x), free(y);
    }
}

Test(nn_model_file, comes_back_bit_by_bit)
{
    const char *path = rt_test_path("model.safetensors"),
               *again = rt_test_path("again.safetensors");
    char saved[RT_SHA256_TEXT], loaded[RT_SHA256_TEXT];
    rt_network *network = make(&described), *copy;
    const rt_model_note note = {"accuracy", "0.925"};
    rt_test_ok(rt_model_save(network, path, &note, 1, saved));
    rt_test_ok(rt_model_load(&copy, rt_test_device(), path, &no_hints, loaded));
    cr_assert_str_eq(saved, loaded);
    const rt_network_description *d = rt_network_describe(copy);
    cr_assert_str_eq(d->arch, described.arch);
    cr_assert_str_eq(d->shortcut, described.shortcut);
    cr_assert_str_eq(d->stem, described.stem);
    cr_assert(d->base_width == 4 && d->channels == 3 && d->height == 8 && d->width == 12 &&
              d->classes == 5);
    cr_assert_eq(memcmp(d->mean, described.mean, sizeof d->mean), 0);
    cr_assert_eq(memcmp(d->std, described.std, sizeof d->std), 0);
    expect_equal_parameters(network, copy);
    rt_test_ok(rt_model_save(copy, again, &note, 1, NULL));
    cr_assert(rt_test_same(path, again, NULL));
    rt_network_free(network);
    rt_network_free(copy);
}

/* A file without metadata and with PyTorch's counter, as a stranger saves it. */
typedef struct file_maker {
    rt_network *network;
    const char *left_out, *extra, *reshaped, *not_finite;
    const char *key, *value; ///< metadata
    bool describe;
} file_maker;

static const char *write_file(const file_maker *maker, const char *name)
{
    rt_parameters *parameters = rt_network_parameters(maker->network);
    rt_safetensors_writer writer = {0};
    rt_arena arena = {0};
    const uint64_t one = 1;
    const float zero = 0;
    for (uint32_t row = 0; row < rt_parameters_count(parameters); row++) {
        const rt_parameter *p = rt_parameters_row(parameters, row);
        uint64_t shape[4] = {p->dims[0], p->dims[1], p->dims[2], p->dims[3]};
        float *values = rt_arena_alloc(&arena, rt_parameter_numbers(p), 4);
        rt_test_ok(rt_parameters_read(parameters, RT_PIECE_VALUES, row, values));
        if (maker->left_out != NULL && strcmp(p->name, maker->left_out) == 0) continue;
        if (maker->not_finite != NULL && strcmp(p->name, maker->not_finite) == 0)
            values[1] = INFINITY;
        if (maker->reshaped != NULL && strcmp(p->name, maker->reshaped) == 0) {
            shape[0] = p->dims[1];
            shape[1] = p->dims[0];
        }
        rt_test_ok(
            rt_safetensors_add(&writer, p->name, RT_SAFETENSORS_F32, p->rank, shape, values));
    }
    rt_test_ok(
        rt_safetensors_add(&writer, "bn1.num_batches_tracked", RT_SAFETENSORS_F32, 1, &one, &zero));
    if (maker->extra != NULL)
        rt_test_ok(rt_safetensors_add(&writer, maker->extra, RT_SAFETENSORS_F32, 1, &one, &zero));
    if (maker->key != NULL)
        rt_test_ok(rt_safetensors_add_metadata(&writer, maker->key, maker->value));
    const char *path = rt_test_path(name);
    rt_test_ok(rt_safetensors_write(&writer, path, NULL));
    rt_safetensors_writer_clear(&writer);
    rt_arena_clear(&arena);
    return path;
}

static rt_model_hints full_hints(void)
{
    return (rt_model_hints){.arch = "resnet8",
                            .shortcut = "B",
                            .base_width = 4,
                            .channels = 3,
                            .height = 8,
                            .width = 12,
                            .mean = described.mean,
                            .std = described.std};
}

Test(nn_model_file, reads_a_strangers_file_with_hints)
{
    const file_maker maker = {.network = make(&described)};
    const char *path = write_file(&maker, "stranger.safetensors");
    const rt_model_hints hints = full_hints();
    rt_network *network;
    rt_test_ok(rt_model_load(&network, rt_test_device(), path, &hints, NULL));
    cr_assert_eq(rt_network_describe(network)->classes, 5);
    expect_equal_parameters(maker.network, network);
    rt_network_free(network);
    rt_network_free(maker.network);
}

/* All that tensors say of themselves need not be said. */
Test(nn_model_file, recognises_a_strangers_file)
{
    const file_maker maker = {.network = make(&described)};
    const char *path = write_file(&maker, "stranger.safetensors");
    const rt_model_hints hints = {
        .channels = 3, .height = 8, .width = 12, .mean = described.mean, .std = described.std};
    rt_network *network;
    rt_test_ok(rt_model_load(&network, rt_test_device(), path, &hints, NULL));
    const rt_network_description *d = rt_network_describe(network);
    cr_expect_str_eq(d->arch, "resnet8");
    cr_expect_str_eq(d->shortcut, "B");
    cr_expect(d->base_width == 4 && d->classes == 5);
    expect_equal_parameters(maker.network, network);
    rt_network_free(network);
    rt_network_free(maker.network);
}

static void expect_refusal(const file_maker *maker, const rt_model_hints *hints, const char *words)
{
    rt_network *network;
    const char *path = write_file(maker, "refused.safetensors");
    cr_assert_eq(rt_model_load(&network, rt_test_device(), path, hints, NULL), RT_ERROR_INPUT, "%s",
                 words);
    cr_assert_null(network);
    cr_assert_not_null(strstr(rt_error_message(), "refused.safetensors"), "%s", rt_error_message());
    cr_assert_not_null(strstr(rt_error_message(), words), "message: %s", rt_error_message());
}

Test(nn_model_file, says_which_hint_is_missing)
{
    const file_maker maker = {.network = make(&described)};
    rt_model_hints hints = full_hints();
    hints.std = NULL;
    expect_refusal(&maker, &hints, "'std'; give --std");
    hints = full_hints();
    hints.width = 0;
    expect_refusal(&maker, &hints, "give --height and --width");
    hints = full_hints();
    hints.channels = 1;
    expect_refusal(&maker, &hints, "'mean' has 1 numbers, the model's images have 3 channels");
    hints = full_hints();
    hints.arch = "resnet14";
    expect_refusal(&maker, &hints, "is missing");
    hints = full_hints();
    hints.shortcut = "A";
    expect_refusal(&maker, &hints, "does not belong");
    hints = full_hints();
    hints.stem = "large";
    expect_refusal(&maker, &hints, "no large stem");
    hints = full_hints();
    hints.base_width = 8;
    expect_refusal(&maker, &hints, "another shape");
    hints = full_hints();
    hints.classes = 6;
    expect_refusal(&maker, &hints, "'linear.weight' has another shape");
    rt_network_free(maker.network);
}

Test(nn_model_file, says_what_is_nearest)
{
    rt_network *network = make(&described);
    rt_model_hints hints = full_hints();
    hints.arch = NULL;
    expect_refusal(&(file_maker){.network = network, .extra = "layer9.weight"}, &hints,
                   "nearest is 'resnet8', of which 47 of 47 tensors fit; 1 have no place (first "
                   "'layer9.weight')");
    expect_refusal(&(file_maker){.network = network, .left_out = "layer2.0.bn2.running_var"},
                   &hints,
                   "46 of 47 tensors fit; 1 tensors are missing (first "
                   "'layer2.0.bn2.running_var')");
    expect_refusal(&(file_maker){.network = network, .reshaped = "layer2.0.conv1.weight"}, &hints,
                   "1 have another shape (first 'layer2.0.conv1.weight')");
    rt_network_free(network);
}

Test(nn_model_file, refuses_tensors_that_do_not_fit)
{
    rt_network *network = make(&described);
    const rt_model_hints hints = full_hints();
    expect_refusal(&(file_maker){.network = network, .left_out = "layer2.0.bn2.running_var"},
                   &hints, "'layer2.0.bn2.running_var' is missing");
    expect_refusal(&(file_maker){.network = network, .extra = "layer9.weight"}, &hints,
                   "'layer9.weight' does not belong");
    expect_refusal(&(file_maker){.network = network, .reshaped = "layer2.0.conv1.weight"}, &hints,
                   "'layer2.0.conv1.weight' has another shape");
    expect_refusal(&(file_maker){.network = network, .not_finite = "layer3.0.bn1.bias"}, &hints,
                   "layer3.0.bn1.bias");
    expect_refusal(&(file_maker){.network = network, .key = "classes", .value = "many"}, &hints,
                   "'classes' is 'many'");
    expect_refusal(&(file_maker){.network = network, .key = "height", .value = "8.5"}, &hints,
                   "'height' is '8.5'");
    expect_refusal(&(file_maker){.network = network, .key = "mean", .value = "0.5 0.5"}, &hints,
                   "'mean' has fewer than 3 numbers");
    expect_refusal(&(file_maker){.network = network, .key = "std", .value = "0.5 0 0.5"}, &hints,
                   "std of channel 1");
    expect_refusal(&(file_maker){.network = network, .key = "arch", .value = "transformer"}, &hints,
                   "unknown architecture");
    rt_network_free(network);
}

Test(nn_model_file, has_no_file_after_a_failed_write)
{
    rt_network *network = make(&described);
    const char *path = rt_test_path("never.safetensors");
    for (unsigned nth = 1;; nth++) {
        rt_test_fail_io(nth, 28, false);
        const rt_status status = rt_model_save(network, path, NULL, 0, NULL);
        const bool reached = rt_test_io_failed();
        rt_test_fail_io(0, 0, false);
        if (!reached) {
            rt_test_ok(status);
            break;
        }
        if (status == RT_OK) continue; /* a call whose failure changes nothing */
        rt_network *loaded;
        cr_assert_eq(status, RT_ERROR_IO);
        /* Either nothing is there, or, where the failure came after the name, all of it. */
        if (rt_model_load(&loaded, rt_test_device(), path, &no_hints, NULL) == RT_OK)
            rt_network_free(loaded);
        else
            cr_assert_neq(strstr(rt_error_message(), path), NULL);
    }
    rt_network_free(network);
}
