/* ONNX tensors in other files of the model's folder: read when they may be, and only from there. */
#include "common/formats/onnx/onnx.h"
#include "tests/formats/onnx_maker.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(formats_onnx_external, .timeout = 60);

#define GOLDEN(name) RT_SOURCE_FOLDER "/tests/golden/onnx/" name

static void expect_equal(const rt_onnx_tensor *left, const rt_onnx_tensor *right)
{
    cr_assert_str_eq(left->name, right->name);
    cr_assert(left->whole == right->whole && left->rank == right->rank &&
              left->count == right->count);
    cr_expect_arr_eq(left->dims, right->dims, left->rank * sizeof *left->dims);
    if (left->whole)
        cr_expect_arr_eq(left->wholes, right->wholes, left->count * sizeof *left->wholes);
    else
        cr_expect_arr_eq(left->floats, right->floats, left->count * sizeof *left->floats);
}

/* Files of another writer (tests/golden/onnx_external.py): the numbers of the model in one piece.
 */
Test(formats_onnx_external, reads_what_the_package_onnx_wrote)
{
    static const char *const paths[] = {GOLDEN("external/one.onnx"),
                                        GOLDEN("external/many/model.onnx")};
    rt_onnx whole = {0};
    cr_assert_eq(rt_onnx_open(&whole, GOLDEN("residual17.onnx"), true), RT_OK, "%s",
                 rt_error_message());
    for (size_t k = 0; k < RT_COUNT(paths); k++) {
        rt_onnx model = {0};
        cr_assert_eq(rt_onnx_open(&model, paths[k], true), RT_OK, "%s", rt_error_message());
        cr_assert_eq(model.initializer_count, whole.initializer_count);
        for (uint32_t i = 0; i < model.initializer_count; i++)
            expect_equal(&model.initializers[i], &whole.initializers[i]);
        rt_onnx_close(&model);
        cr_expect_eq(rt_onnx_open(&model, paths[k], false), RT_ERROR_INPUT);
        cr_expect_not_null(strstr(rt_error_message(), "--external-data"), "%s", rt_error_message());
    }
    rt_onnx_close(&whole);
}

/* Entries of external_data: key, value, key, value, NULL. */
static void add_tensor(rt_onnx_parts *parts, int64_t numbers, const char *const *entries)
{
    rt_wire tensor = {0};
    rt_wire_number(&tensor, 1, (uint64_t)numbers);
    rt_wire_number(&tensor, 2, 1); /* FLOAT */
    rt_wire_text(&tensor, 8, "t");
    for (; *entries != NULL; entries += 2) {
        rt_wire entry = {0};
        rt_wire_text(&entry, 1, entries[0]);
        rt_wire_text(&entry, 2, entries[1]);
        rt_wire_message(&tensor, 13, &entry);
    }
    rt_wire_number(&tensor, 14, 1); /* EXTERNAL */
    rt_wire_message(&parts->graph, 5, &tensor);
}

static rt_status open_with(rt_onnx *model, int64_t numbers, const char *const *entries)
{
    rt_onnx_parts parts;
    rt_wire file = {0};
    rt_onnx_make_parts(&parts);
    add_tensor(&parts, numbers, entries);
    rt_onnx_make_file(&file, &parts);
    rt_test_write(rt_test_path("model.onnx"), file.data, file.size);
    rt_buffer_clear(&file);
    return rt_onnx_open(model, rt_test_path("model.onnx"), true);
}

#define ENTRIES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const float numbers[4] = {1, 2, 3, 4};

Test(formats_onnx_external, offset_and_length_say_which_part)
{
    rt_onnx model = {0};
    rt_test_write(rt_test_path("data"), numbers, sizeof numbers);
    cr_assert_eq(open_with(&model, 2,
                           ENTRIES("location", "data", "offset", "4", "length", "8", "checksum",
                                   "of the whole file")),
                 RT_OK, "%s", rt_error_message());
    const rt_onnx_tensor *t = &model.initializers[3];
    cr_assert(t->count == 2 && t->floats[0] == 2 && t->floats[1] == 3);
    rt_onnx_close(&model);
    cr_assert_eq(open_with(&model, 4, ENTRIES("location", "data")), RT_OK, "%s",
                 rt_error_message());
    cr_assert_eq(model.initializers[3].floats[3], 4);
    rt_onnx_close(&model);
}

static void refuse(int64_t count, const char *const *entries, const char *words)
{
    rt_onnx model = {0};
    cr_expect_eq(open_with(&model, count, entries), RT_ERROR_INPUT, "not refused: %s", words);
    cr_expect_not_null(strstr(rt_error_message(), words), "'%s' is not in: %s", words,
                       rt_error_message());
    cr_expect_not_null(strstr(rt_error_message(), "tensor 't'"), "%s", rt_error_message());
    cr_assert(model.arena.blocks == NULL);
}

Test(formats_onnx_external, refuses_what_is_no_place)
{
    rt_test_write(rt_test_path("data"), numbers, sizeof numbers);
    cr_assert_eq(symlink("/etc/passwd", rt_test_path("link")), 0);
    refuse(2, ENTRIES("offset", "0"), "not said is in which");
    refuse(2, ENTRIES("location", "data", "location", "data"),
           "'location' in another file is there "
           "twice");
    refuse(2, ENTRIES("location", "data", "pointer", "1"), "unknown 'pointer'");
    refuse(2, ENTRIES("location", "data", "offset", "-4"), "'-4', no number");
    refuse(2, ENTRIES("location", "data", "offset", "4x"), "'4x', no number");
    refuse(2, ENTRIES("location", "data", "offset", ""), "'', no number");
    refuse(2, ENTRIES("location", "data", "offset", "99999999999999999999"), "no number");
    refuse(2, ENTRIES("location", "data", "length", "4"),
           "has 4 bytes in 'data' where its shape "
           "needs 8");
    refuse(5, ENTRIES("location", "data"), "'data' has 16 bytes, and 20 from byte 0");
    refuse(2, ENTRIES("location", "data", "offset", "12"), "8 from byte 12");
    refuse(2, ENTRIES("location", "link"), "symbolic link");
    refuse(2, ENTRIES("location", "../../../../etc/passwd"), "must be relative");
    refuse(2, ENTRIES("location", "/etc/passwd"), "must be relative");
    refuse(2, ENTRIES("location", ""), "must be relative");
    refuse(1ll << 30, ENTRIES("location", "data"), "more than 2 GiB");
}

Test(formats_onnx_external, refuses_numbers_in_two_places)
{
    rt_onnx_parts parts;
    rt_wire file = {0}, tensor = {0}, entry = {0};
    rt_onnx model = {0};
    rt_test_write(rt_test_path("data"), numbers, sizeof numbers);
    rt_onnx_make_parts(&parts);
    rt_onnx_make_tensor(&tensor, "t", (int64_t[]){2, 0});
    rt_wire_text(&entry, 1, "location");
    rt_wire_text(&entry, 2, "data");
    rt_wire_message(&tensor, 13, &entry);
    rt_wire_message(&parts.graph, 5, &tensor);
    rt_onnx_make_file(&file, &parts);
    rt_test_write(rt_test_path("model.onnx"), file.data, file.size);
    cr_expect_eq(rt_onnx_open(&model, rt_test_path("model.onnx"), true), RT_ERROR_INPUT);
    cr_expect_not_null(strstr(rt_error_message(), "here and in another file"), "%s",
                       rt_error_message());
    cr_expect_eq(rt_onnx_parse(&model, file.data, file.size), RT_ERROR_INPUT);
    rt_buffer_clear(&file);
}
