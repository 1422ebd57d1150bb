/* What is written can be read, and is what was asked for. */
#include "common/base/io.h"
#include "common/formats/onnx/writer.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static void ok(rt_status status) { cr_assert_eq(status, RT_OK, "%s", rt_error_message()); }

static const float weights[] = {1.5f, -2, 0.25f, 3, 4, 5};

/* image -> Mul weights -> Clip (its minimum left out) -> Pad -> logits, with one of each kind of
 * attribute and initializer. */
static rt_onnx_writer *make(void)
{
    rt_onnx_writer *writer;
    const int64_t image[] = {RT_ONNX_DYNAMIC, 3, 2}, logits[] = {RT_ONNX_DYNAMIC, 10};
    static const float most = 2;
    const rt_onnx_attribute attributes[] = {
        {.name = "f", .type = RT_ONNX_FLOAT, .number = 0.1f},
        {.name = "i", .type = RT_ONNX_INT, .whole = -3},
        {.name = "s", .type = RT_ONNX_STRING, .string = "reflect"},
        {.name = "F", .type = RT_ONNX_FLOATS, .floats = weights, .count = 3},
        {.name = "I", .type = RT_ONNX_INTS, .ints = (int64_t[]){7, -8}, .count = 2},
    };
    ok(rt_onnx_writer_create(&writer));
    ok(rt_onnx_set_graph_name(writer, "tiny"));
    ok(rt_onnx_add_input(writer, "image", 3, image));
    ok(rt_onnx_add_floats(writer, "weights", 2, (int64_t[]){3, 2}, weights));
    ok(rt_onnx_add_floats(writer, "most", 0, NULL, &most));
    ok(rt_onnx_add_wholes(writer, "pads", 1, (int64_t[]){2}, (int64_t[]){-1, INT64_C(1) << 40}));
    ok(rt_onnx_add_node(writer, &(rt_onnx_new_node){.op = "Mul",
                                                    .name = "a",
                                                    .inputs = (const char *[]){"image", "weights"},
                                                    .input_count = 2}));
    ok(rt_onnx_add_node(writer, &(rt_onnx_new_node){.op = "Clip",
                                                    .name = "b",
                                                    .inputs = (const char *[]){"a", "", "most"},
                                                    .input_count = 3}));
    ok(rt_onnx_add_node(writer, &(rt_onnx_new_node){.op = "Pad",
                                                    .name = "c",
                                                    .inputs = (const char *[]){"b", "pads"},
                                                    .input_count = 2,
                                                    .attributes = attributes,
                                                    .attribute_count = RT_COUNT(attributes)}));
    ok(rt_onnx_set_output(writer, "c", "logits", 2, logits));
    ok(rt_onnx_add_metadata(writer, "retort.arch", "tiny"));
    ok(rt_onnx_add_metadata(writer, "retort.note", "\xc3\xa4"));
    return writer;
}

static void check_numbers(const rt_onnx *model)
{
    cr_assert_eq(model->initializer_count, 3);
    const rt_onnx_tensor *t = model->initializers;
    cr_assert_str_eq(t[0].name, "weights");
    cr_assert_eq(t[0].rank, 2);
    cr_assert_eq(t[0].dims[0], 3);
    cr_assert_eq(memcmp(t[0].floats, weights, sizeof weights), 0);
    cr_assert_eq(t[1].rank, 0);
    cr_assert_eq(t[1].floats[0], 2.0f);
    cr_assert(t[2].whole);
    cr_assert_eq(t[2].wholes[0], -1);
    cr_assert_eq(t[2].wholes[1], INT64_C(1) << 40);
}

static void check_attributes(const rt_onnx_node *node)
{
    cr_assert_eq(node->attribute_count, 5);
    const rt_onnx_attribute *a = node->attributes;
    cr_assert_eq(a[0].number, 0.1f);
    cr_assert_eq(a[1].whole, -3);
    cr_assert_str_eq(a[2].string, "reflect");
    cr_assert_eq(a[3].count, 3);
    cr_assert_eq(a[3].floats[2], 0.25f);
    cr_assert_eq(a[4].count, 2);
    cr_assert_eq(a[4].ints[1], -8);
}

Test(formats_onnx_writer, comes_back_as_it_was_asked_for)
{
    rt_onnx_writer *writer = make();
    rt_onnx model = {0};
    char sha256[RT_SHA256_TEXT];
    ok(rt_onnx_writer_save(writer, rt_test_path("tiny.onnx"), sha256));
    ok(rt_onnx_open(&model, rt_test_path("tiny.onnx"), false));
    cr_assert_str_eq(model.sha256, sha256);
    cr_assert_eq(model.ir_version, 8);
    cr_assert_eq(model.opset, 17);
    cr_assert_str_eq(model.producer, "retort");
    cr_assert_eq(model.input_count, 1);
    cr_assert_eq(model.inputs[0].rank, 3);
    cr_assert_eq(model.inputs[0].dims[0], RT_ONNX_DYNAMIC);
    cr_assert_eq(model.inputs[0].dims[2], 2);
    cr_assert(model.inputs[0].floats);
    cr_assert_str_eq(model.value_names[model.inputs[0].value], "image");
    cr_assert_eq(model.node_count, 3);
    cr_assert_str_eq(model.nodes[1].op, "Clip");
    cr_assert_eq(model.nodes[1].inputs[1], RT_ONNX_NO_VALUE);
    cr_assert_str_eq(model.value_names[model.nodes[1].inputs[2]], "most");
    cr_assert_eq(model.output_count, 1);
    cr_assert_eq(model.outputs[0], model.nodes[2].outputs[0]);
    cr_assert_str_eq(model.value_names[model.outputs[0]], "logits");
    cr_assert_str_eq(rt_onnx_metadata(&model, "retort.note"), "\xc3\xa4");
    check_numbers(&model);
    check_attributes(&model.nodes[2]);
    rt_onnx_close(&model);
    rt_onnx_writer_free(writer);
}

Test(formats_onnx_writer, equal_models_make_equal_bytes)
{
    rt_buffer first = {0}, second = {0};
    rt_onnx_writer *one = make(), *other = make();
    ok(rt_onnx_writer_encode(one, &first));
    ok(rt_onnx_writer_encode(other, &second));
    cr_assert_eq(first.size, second.size);
    cr_assert_eq(memcmp(first.data, second.data, first.size), 0);
    rt_buffer_clear(&first);
    rt_buffer_clear(&second);
    rt_onnx_writer_free(one);
    rt_onnx_writer_free(other);
}

/* 2 GiB is the most that a reader of protobuf takes; the numbers are not touched to find it out. */
Test(formats_onnx_writer, refuses_what_nobody_could_read)
{
    rt_onnx_writer *writer = make();
    rt_buffer bytes = {0};
    ok(rt_onnx_add_floats(writer, "huge", 1, (int64_t[]){1 << 29}, weights));
    cr_assert_eq(rt_onnx_writer_encode(writer, &bytes), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "2.0 GiB"), "%s", rt_error_message());
    cr_assert_eq(bytes.size, 0);
    rt_onnx_writer_free(writer);
}

Test(formats_onnx_writer, knows_no_tensors_in_attributes)
{
    rt_onnx_writer *writer = make();
    const rt_onnx_attribute attribute = {.name = "value", .type = RT_ONNX_TENSOR};
    const rt_onnx_new_node node = {
        .op = "Constant", .name = "k", .attributes = &attribute, .attribute_count = 1};
    cr_assert_eq(rt_onnx_add_node(writer, &node), RT_ERROR_INTERNAL);
    cr_assert_not_null(strstr(rt_error_message(), "'value'"), "%s", rt_error_message());
    rt_onnx_writer_free(writer);
}

Test(formats_onnx_writer, leaves_the_old_file_where_the_disk_fails)
{
    rt_onnx_writer *writer = make();
    const char *path = rt_test_path("old.onnx");
    size_t size;
    rt_test_write(path, "old", 3);
    for (unsigned nth = 1;; nth++) {
        rt_test_fail_io(nth, ENOSPC, false);
        const rt_status status = rt_onnx_writer_save(writer, path, NULL);
        const bool reached = rt_test_io_failed();
        rt_test_fail_io(0, 0, false);
        if (!reached) break;
        if (status == RT_OK) continue; /* a failing close of a file that is safe */
        char *left = rt_test_read(path, &size);
        cr_assert(size == 3 || size > 100, "%zu bytes are left at call %u", size, nth);
        free(left);
    }
    rt_onnx model = {0};
    ok(rt_onnx_open(&model, path, false));
    rt_onnx_close(&model);
    rt_onnx_writer_free(writer);
}
