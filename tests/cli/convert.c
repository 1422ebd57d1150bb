/* `retort convert` through the built program: what PyTorch saved becomes a file that needs no
 * flags; what cannot be converted leaves none. */
#include "common/formats/onnx/onnx.h"
#include "common/formats/safetensors.h"
#include "tests/child.h"
#include "tests/cli/tiny.h"
#include "tests/pipeline.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(cli_convert, .timeout = 120);

#define CHECKPOINT(name) RT_SOURCE_FOLDER "/tests/golden/checkpoints/" name ".pth"

Test(cli_convert, a_checkpoint_becomes_a_model)
{
    const rt_child *child = rt_test_retort_ends(
        0, "convert", CHECKPOINT("parallel"), "model.safetensors", "--mean=0.45,0.5,0.55", "--std",
        "0.2,0.25,0.3", "--height", "12", "--width", "16", "--json");
    cJSON *seen = rt_test_json(child->output);
    rt_safetensors file = {0};
    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(seen, "arch")),
                     "resnet8");
    cr_assert_eq(rt_test_number(seen, "classes"), 10);
    cr_assert_eq(rt_safetensors_open(&file, rt_test_path("model.safetensors")), RT_OK, "%s",
                 rt_error_message());
    cr_expect_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(seen, "sha256")),
                     file.sha256);
    cr_expect_str_eq(rt_safetensors_metadata(&file, "arch"), "resnet8");
    cr_expect_str_eq(rt_safetensors_metadata(&file, "shortcut"), "B");
    cr_expect_str_eq(rt_safetensors_metadata(&file, "base_width"), "4");
    cr_expect_str_eq(rt_safetensors_metadata(&file, "height"), "12");
    cr_expect_str_eq(rt_safetensors_metadata(&file, "width"), "16");
    cr_expect_str_eq(rt_safetensors_metadata(&file, "classes"), "10");
    cr_expect_str_eq(rt_safetensors_metadata(&file, "mean"), "0.449999988 0.5 0.550000012");
    cr_expect_not_null(rt_safetensors_find(&file, "layer2.0.shortcut.0.weight"));
    cr_expect_not_null(rt_safetensors_find(&file, "linear.bias"));
    cr_expect_eq(file.entry_count, 47);
    rt_safetensors_close(&file);
    cJSON_Delete(seen);

    /* Once more: nothing changes, and no flag is needed. */
    rt_test_retort_ends(0, "convert", "model.safetensors", "again.safetensors");
    cr_expect(
        rt_test_same(rt_test_path("model.safetensors"), rt_test_path("again.safetensors"), NULL));
    /* A flag goes before what the file says. */
    rt_test_retort_ends(0, "convert", "model.safetensors", "again.safetensors", "--std=1,1,1");
    cr_assert_eq(rt_safetensors_open(&file, rt_test_path("again.safetensors")), RT_OK);
    cr_expect_str_eq(rt_safetensors_metadata(&file, "std"), "1 1 1");
    cr_expect_str_eq(rt_safetensors_metadata(&file, "height"), "12");
    rt_safetensors_close(&file);
}

/* What the flags do not say is guessed where that is harmless, and the user is told. */
Test(cli_convert, guesses_the_size_aloud)
{
    const rt_child *child = rt_test_retort_ends(0, "convert", CHECKPOINT("double"),
                                                "grey.safetensors", "--mean=0.5", "--std=0.25");
    cr_expect_not_null(strstr(child->errors, "28x28"), "%s", child->errors);
    cr_expect_not_null(strstr(child->output, "resnet8 of 28x28x1 images"), "%s", child->output);
    child = rt_test_retort_ends(0, "convert", CHECKPOINT("double"), "grey.safetensors",
                                "--mean=0.5", "--std=0.25", "--height=8", "--width=12");
    cr_expect_null(strstr(child->errors, "taken to be"), "%s", child->errors);
}

/* The same model with notes: one of a run and one of another program's format. */
static void note_model(const char *from, const char *to)
{
    rt_safetensors file = {0};
    rt_safetensors_writer writer = {0};
    cr_assert_eq(rt_safetensors_open(&file, rt_test_path(from)), RT_OK);
    for (size_t i = 0; i < file.entry_count; i++) {
        const rt_safetensors_entry *e = &file.entries[i];
        cr_assert_eq(rt_safetensors_add(&writer, e->name, e->type, e->rank, e->shape, e->data),
                     RT_OK);
    }
    for (size_t i = 0; i < file.metadata_count; i++)
        if (strcmp(file.metadata[i].key, "sha256") != 0)
            cr_assert_eq(
                rt_safetensors_add_metadata(&writer, file.metadata[i].key, file.metadata[i].value),
                RT_OK);
    cr_assert_eq(rt_safetensors_add_metadata(&writer, "teacher_sha256", "0123"), RT_OK);
    cr_assert_eq(rt_safetensors_add_metadata(&writer, "format", "pt"), RT_OK);
    cr_assert_eq(rt_safetensors_write(&writer, rt_test_path(to), NULL), RT_OK);
    rt_safetensors_writer_clear(&writer);
    rt_safetensors_close(&file);
}

/* The notes of a run stay with its model; those of other programs' formats do not. */
Test(cli_convert, keeps_notes)
{
    rt_safetensors file = {0};
    rt_tiny_model("tiny.safetensors", &(rt_tiny){0}, NULL);
    note_model("tiny.safetensors", "noted.safetensors");
    rt_test_retort_ends(0, "convert", "noted.safetensors", "copy.safetensors");
    cr_assert_eq(rt_safetensors_open(&file, rt_test_path("copy.safetensors")), RT_OK);
    cr_expect_str_eq(rt_safetensors_metadata(&file, "teacher_sha256"), "0123");
    cr_expect_null(rt_safetensors_metadata(&file, "format"));
    rt_safetensors_close(&file);
}

/* A student leaves for other runtimes and comes back; what is known of it goes along. */
Test(cli_convert, a_student_becomes_onnx)
{
    rt_onnx model = {0};
    char sha256[RT_SHA256_TEXT];
    rt_tiny_model("tiny.safetensors", &(rt_tiny){0}, NULL);
    note_model("tiny.safetensors", "student.safetensors");
    const rt_child *child =
        rt_test_retort_ends(0, "convert", "student.safetensors", "student.onnx", "--json");
    cJSON *seen = rt_test_json(child->output);
    snprintf(sha256, sizeof sha256, "%s",
             cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(seen, "sha256")));
    cJSON_Delete(seen);
    cr_assert_eq(rt_onnx_open(&model, rt_test_path("student.onnx"), false), RT_OK, "%s",
                 rt_error_message());
    cr_expect_str_eq(model.sha256, sha256);
    cr_expect_str_eq(rt_onnx_metadata(&model, "retort.teacher_sha256"), "0123");
    cr_expect_str_eq(rt_onnx_metadata(&model, "retort.arch"), "resnet8");
    cr_expect_str_eq(rt_onnx_metadata(&model, "retort.normalised"), "inside");
    cr_expect_not_null(rt_onnx_metadata(&model, "retort.classes"));
    cr_expect_not_null(rt_onnx_metadata(&model, "retort.version"));
    cr_expect_null(rt_onnx_metadata(&model, "retort.format"));
    cr_expect_eq(model.inputs[0].dims[0], RT_ONNX_DYNAMIC);
    rt_onnx_close(&model);

    rt_test_retort_ends(0, "convert", "student.safetensors", "again.onnx");
    cr_expect(rt_test_same(rt_test_path("student.onnx"), rt_test_path("again.onnx"), NULL));
    rt_test_retort_ends(0, "convert", "student.onnx", "back.safetensors");
}

static void expect_failure(const char *words, const rt_child *child)
{
    cr_expect_eq(child->code, 2, "%s: exit code %d", words, child->code);
    cr_expect_not_null(strstr(child->errors, words), "not '%s': %s", words, child->errors);
    cr_expect(!rt_test_exists("out.safetensors"), "%s left a file", words);
}

Test(cli_convert, what_cannot_be_converted_leaves_nothing)
{
#define CONVERT(...) rt_test_retort("convert", __VA_ARGS__, (char *)NULL)
#define NORMALISED "--mean=0.5,0.5,0.5", "--std=1,1,1"
    const char *plain = CHECKPOINT("plain"), *out = "out.safetensors";
    expect_failure("ends in .safetensors", CONVERT(plain, "out.tflite", NORMALISED));
    expect_failure("give --mean", CONVERT(plain, out));
    expect_failure("give --std", CONVERT(plain, out, "--mean=0.5,0.5,0.5"));
    expect_failure("'mean' has 1 numbers", CONVERT(plain, out, "--mean=0.5", "--std=1"));
    expect_failure("'--mean' has 3 numbers and '--std' 1",
                   CONVERT(plain, out, "--mean=1,1,1", "--std=1"));
    expect_failure("bad value '1,x,1' of '--mean'", CONVERT(plain, out, "--mean=1,x,1"));
    expect_failure("bad value '1,1,1,1,1' of '--std'", CONVERT(plain, out, "--std=1,1,1,1,1"));
    expect_failure("bad value 'nan' of '--std'", CONVERT(plain, out, "--std=nan"));
    expect_failure("bad value '2' of '--height'", CONVERT(plain, out, "--height=2"));
    expect_failure("there is no 'resnet21'", CONVERT(plain, out, NORMALISED, "--arch=resnet21"));
    expect_failure("is missing", CONVERT(plain, out, NORMALISED, "--arch=wrn-10-1"));
    expect_failure("another shape", CONVERT(plain, out, NORMALISED, "--base-width=8"));
    expect_failure("no file 'nothing.pth'", CONVERT("nothing.pth", out, NORMALISED));
    rt_test_write(rt_test_path("text.pth"), "a text", 6);
    expect_failure("no model that can be read", CONVERT("text.pth", out, NORMALISED));
    rt_tiny_model("nan.safetensors", &(rt_tiny){.broken_tensor = "layer1.0.conv1.weight"}, NULL);
    expect_failure("'layer1.0.conv1.weight' holds", CONVERT("nan.safetensors", out));
}

/* A checkpoint is a teacher as it is: `inspect` says what it is, `evaluate` measures it. */
Test(cli_convert, a_checkpoint_needs_no_conversion)
{
    cJSON *seen =
        rt_test_json(rt_test_retort_ends(0, "inspect", CHECKPOINT("bfloat16"), "--json")->output);
    const char *arch = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(seen, "arch"));
    cr_expect_str_eq(arch, "wrn-10-1");
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(seen, "recognised")));
    cr_expect_eq(rt_test_number(seen, "batch_norms"), 7);
    cr_expect_eq(rt_test_number(seen, "parameters"), 5166);
    cr_expect_eq(rt_test_number(seen, "classes"), 10);
    double parameters = 0, flops = 0;
    const cJSON *layer;
    cJSON_ArrayForEach(layer, cJSON_GetObjectItemCaseSensitive(seen, "layers"))
    {
        parameters += rt_test_number(layer, "parameters");
        flops += rt_test_number(layer, "flops");
    }
    cr_expect_eq(parameters, 5166);
    cr_expect_eq(flops, rt_test_number(seen, "flops"));
    cJSON_Delete(seen);
    const rt_child *child = rt_test_retort_ends(0, "inspect", CHECKPOINT("legacy"));
    cr_expect_not_null(strstr(child->output, "PyTorch checkpoint (legacy)"));
    cr_expect_not_null(strstr(child->output, "layer3.0.conv2"));
    cr_expect_not_null(strstr(child->output, "10,16"));

    rt_tiny_store("store", &(rt_tiny){.channels = 1, .classes = 10});
    child = rt_test_retort_ends(0, "evaluate", "--model", CHECKPOINT("double"), "--data", "store",
                                "--mean=0.5", "--std=0.25", "--json");
    seen = rt_test_json(child->output);
    cr_expect_eq(rt_test_number(seen, "samples"), RT_TINY_SAMPLES);
    cJSON_Delete(seen);
}

/* A graph becomes a network like others: `inspect` shows the file and what is made of it. */
Test(cli_convert, an_onnx_file_becomes_a_model)
{
    static const char graph[] = RT_SOURCE_FOLDER "/tests/golden/onnx/residual17.onnx";
    const rt_child *child = rt_test_retort_ends(0, "convert", graph, "graph.safetensors",
                                                "--mean=0.45,0.5,0.55", "--std", "0.2,0.25,0.3");
    cr_expect_not_null(strstr(child->output, "(ONNX): graph of 12x16x3 images in 5 classes"), "%s",
                       child->output);
    rt_test_retort_ends(0, "convert", "graph.safetensors", "again.safetensors");
    cr_expect(
        rt_test_same(rt_test_path("graph.safetensors"), rt_test_path("again.safetensors"), NULL));
    const char *const files[] = {graph, "graph.safetensors"};
    for (size_t i = 0; i < RT_COUNT(files); i++) {
        child = rt_test_retort_ends(0, "inspect", files[i]);
        cr_expect_not_null(strstr(child->output, "graph: all 22 tensors fit"), "%s", child->output);
        cr_expect_not_null(strstr(child->output, "batch norms 4"), "%s", child->output);
    }
    /* Without its batch norms the user is told how to keep them; mean and std must be said. */
    child = rt_test_retort_ends(2, "convert", RT_SOURCE_FOLDER "/tests/golden/onnx/folded13.onnx",
                                "folded.safetensors");
    cr_expect_not_null(strstr(child->errors, "TrainingMode.PRESERVE"), "%s", child->errors);
    cr_expect_not_null(strstr(child->errors, "--mean"), "%s", child->errors);
}

/* Tensors in other files of the model's folder are read only if the user says so. */
Test(cli_convert, onnx_in_several_files)
{
    static const char whole[] = RT_SOURCE_FOLDER "/tests/golden/onnx/residual17.onnx",
                      split[] = RT_SOURCE_FOLDER "/tests/golden/onnx/external/one.onnx";
#define HERE "--mean=0.45,0.5,0.55", "--std", "0.2,0.25,0.3"
    rt_test_retort_ends(0, "convert", whole, "whole.safetensors", HERE);
    rt_test_retort_ends(0, "convert", split, "split.safetensors", HERE, "--external-data");
    cr_expect(
        rt_test_same(rt_test_path("whole.safetensors"), rt_test_path("split.safetensors"), NULL));
    expect_failure("--external-data", CONVERT(split, "out.safetensors", HERE));
    const rt_child *child = rt_test_retort_ends(0, "inspect", split, "--external-data");
    cr_expect_not_null(strstr(child->output, "graph: all 22 tensors fit"), "%s", child->output);
    child = rt_test_retort_ends(2, "inspect", split);
    cr_expect_not_null(strstr(child->errors, "--external-data"), "%s", child->errors);
}
