/* PyTorch checkpoints made by hand, right ones and hostile ones. What PyTorch itself saves:
 * tests/nn/checkpoints.c. */
#include "common/formats/weights.h"
#include "tests/formats/checkpoint_maker.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float numbers[6] = {0, 1, 2, 3, 4, 5};

/* [2,3] of six floats, as it lies in memory. */
static const rt_made_tensor plain = {"a", "FloatStorage", "0", 6, 0, 2, {2, 3}, {3, 1}};

static rt_status parse(rt_weights *weights, const rt_buffer *bytes)
{
    /* a copy of exactly that size, so that the sanitizer sees one read beyond */
    void *copy = malloc(bytes->size + (bytes->size == 0));
    memcpy(copy, bytes->data, bytes->size);
    const rt_status status = rt_weights_parse(weights, "x.pth", copy, bytes->size);
    free(copy);
    return status;
}

/* Both forms of a checkpoint with one storage of `size` bytes. */
static rt_status parse_made(rt_weights *weights, const rt_made_tensor *tensors, size_t count,
                            const void *storage, uint32_t size, bool legacy)
{
    rt_buffer pickle = {0}, bytes = {0};
    rt_make_pickle(&pickle, tensors, count, legacy);
    if (legacy)
        rt_make_legacy(&bytes, &pickle, 1, (uint64_t)tensors[0].elements, storage, size);
    else
        rt_make_checkpoint(&bytes, &pickle, storage, size);
    const rt_status status = parse(weights, &bytes);
    rt_buffer_clear(&pickle);
    rt_buffer_clear(&bytes);
    return status;
}

static void expect_values(const rt_weights *weights, const char *name, const float *expected,
                          size_t count)
{
    float values[16];
    const rt_weights_entry *entry = rt_weights_find(weights, name);
    cr_assert_not_null(entry, "%s", name);
    cr_assert_eq(entry->count, count);
    rt_test_ok(rt_weights_floats(entry, values));
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(values[i], expected[i], "%s[%zu] is %g", name, i, (double)values[i]);
}

Test(formats_pytorch, views_are_copied_out_as_they_are_seen)
{
    static const rt_made_tensor views[] = {
        {"whole", "FloatStorage", "0", 6, 0, 2, {2, 3}, {3, 1}},
        {"transposed", "FloatStorage", "0", 6, 0, 2, {3, 2}, {1, 3}},
        {"column", "FloatStorage", "0", 6, 1, 1, {2}, {3}},
        {"scalar", "FloatStorage", "0", 6, 4, 0, {0}, {0}},
        {"four", "FloatStorage", "0", 6, 0, 4, {1, 3, 2, 1}, {99, 1, 3, 7}},
    };
    for (int legacy = 0; legacy < 2; legacy++) {
        rt_weights weights = {0};
        rt_test_ok(parse_made(&weights, views, RT_COUNT(views), numbers, sizeof numbers, legacy));
        cr_assert_eq(weights.entry_count, RT_COUNT(views));
        cr_assert_eq(weights.format, legacy ? RT_WEIGHTS_PYTORCH_LEGACY : RT_WEIGHTS_PYTORCH_ZIP);
        expect_values(&weights, "whole", numbers, 6);
        expect_values(&weights, "transposed", (float[]){0, 3, 1, 4, 2, 5}, 6);
        expect_values(&weights, "column", (float[]){1, 4}, 2);
        expect_values(&weights, "scalar", (float[]){4}, 1);
        expect_values(&weights, "four", (float[]){0, 3, 1, 4, 2, 5}, 6);
        rt_weights_close(&weights);
    }
}

Test(formats_pytorch, types_become_floats)
{
    static const struct {
        const char *class_;
        uint8_t bytes[16];
        uint32_t width;
        float values[2];
    } types[] = {
        {"DoubleStorage", {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}, 8, {1.5f, -2}},
        {"HalfStorage", {0, 0x3e, 0, 0xc0}, 2, {1.5f, -2}},
        {"BFloat16Storage", {0xc0, 0x3f, 0, 0xc0}, 2, {1.5f, -2}},
        {"LongStorage",
         {7, 0, 0, 0, 0, 0, 0, 0, 0xfe, 255, 255, 255, 255, 255, 255, 255},
         8,
         {7, -2}},
        {"IntStorage", {7, 0, 0, 0, 0xfe, 255, 255, 255}, 4, {7, -2}},
        {"ShortStorage", {7, 0, 0xfe, 255}, 2, {7, -2}},
        {"CharStorage", {7, 0xfe}, 1, {7, -2}},
        {"ByteStorage", {7, 0xfe}, 1, {7, 254}},
        {"BoolStorage", {1, 0}, 1, {1, 0}},
    };
    for (size_t i = 0; i < RT_COUNT(types); i++) {
        rt_weights weights = {0};
        const rt_made_tensor tensor = {"a", types[i].class_, "0", 2, 0, 1, {2}, {1}};
        rt_test_ok(parse_made(&weights, &tensor, 1, types[i].bytes, 2 * types[i].width, i % 2));
        expect_values(&weights, "a", types[i].values, 2);
        rt_weights_close(&weights);
    }
}

/* The hash is of names, shapes and values, not of how they were saved. */
Test(formats_pytorch, the_hash_does_not_depend_on_the_form)
{
    const double doubles[6] = {0, 1, 2, 3, 4, 5};
    const float swapped[6] = {0, 3, 1, 4, 2, 5};
    const rt_made_tensor wide = {"a", "DoubleStorage", "0", 6, 0, 2, {2, 3}, {3, 1}};
    const rt_made_tensor turned = {"a", "FloatStorage", "0", 6, 0, 2, {2, 3}, {1, 2}};
    const rt_made_tensor flat = {"a", "FloatStorage", "0", 6, 0, 1, {6}, {1}};
    rt_weights weights[5] = {0};
    rt_test_ok(parse_made(&weights[0], &plain, 1, numbers, sizeof numbers, false));
    rt_test_ok(parse_made(&weights[1], &plain, 1, numbers, sizeof numbers, true));
    rt_test_ok(parse_made(&weights[2], &wide, 1, doubles, sizeof doubles, false));
    rt_test_ok(parse_made(&weights[3], &turned, 1, swapped, sizeof swapped, false));
    rt_test_ok(parse_made(&weights[4], &flat, 1, numbers, sizeof numbers, false));
    for (int i = 1; i < 4; i++) cr_expect_str_eq(weights[i].sha256, weights[0].sha256);
    cr_expect_str_neq(weights[4].sha256, weights[0].sha256);
    /* printf 'a\0\2\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0', then the floats, | sha256sum */
    cr_expect_str_eq(weights[0].sha256,
                     "650e2488b303a96ca3c054b1cd487dde3ff9634190133806089fdd76e74241ae");
    for (int i = 0; i < 5; i++) rt_weights_close(&weights[i]);
}

static void expect_refusal(rt_status status, rt_weights *weights, const char *words)
{
    cr_expect_eq(status, RT_ERROR_INPUT, "accepted, though: %s", words);
    if (status == RT_OK) rt_weights_close(weights);
    cr_expect_not_null(strstr(rt_error_message(), words), "not '%s': %s", words,
                       rt_error_message());
    cr_expect_not_null(strstr(rt_error_message(), "'x.pth'"), "%s", rt_error_message());
}

/* Tensors that do not lie in their storage, in both forms. */
Test(formats_pytorch, refuses_tensors_that_cannot_be)
{
    static const struct {
        rt_made_tensor tensor;
        const char *message;
    } wrong[] = {
        {{"a", "FloatStorage", "0", 6, 0, 2, {2, 4}, {3, 1}}, "reaches beyond"},
        {{"a", "FloatStorage", "0", 6, 1, 2, {2, 3}, {3, 1}}, "reaches beyond"},
        {{"a", "FloatStorage", "0", 6, 6, 0, {0}, {0}}, "reaches beyond"},
        {{"a", "FloatStorage", "0", 6, -1, 0, {0}, {0}}, "storage, offset, size"},
        {{"a", "FloatStorage", "0", 6, INT64_MAX, 1, {2}, {INT64_MAX}}, "reaches beyond"},
        {{"a", "FloatStorage", "0", 6, 0, 2, {INT64_MAX, INT64_MAX}, {1, 1}}, "reaches beyond"},
        {{"a", "FloatStorage", "0", 6, 0, 2, {2, 2}, {INT64_MAX, INT64_MAX}}, "reaches beyond"},
        {{"a", "FloatStorage", "0", 6, 0, 2, {1000000, 1000000}, {0, 0}}, "or repeats them"},
        {{"a", "FloatStorage", "0", 6, 0, 1, {7}, {0}}, "or repeats them"},
        {{"a", "FloatStorage", "0", 6, 0, 2, {2, -3}, {3, 1}}, "below 0"},
        {{"a", "FloatStorage", "0", 6, 0, 2, {2, 3}, {3, -1}}, "below 0"},
        {{"a", "FloatStorage", "0", 6, 0, 2, {0, 3}, {3, 1}}, "no elements"},
        {{"a", "FloatStorage", "0", 6, 0, 9, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1}}, "dimensions"},
        {{"", "FloatStorage", "0", 6, 0, 1, {6}, {1}}, "name has 0 bytes"},
        {{"a", "OtherStorage", "0", 6, 0, 1, {6}, {1}}, "class 'torch.OtherStorage'"},
        {{"a", "Size", "0", 6, 0, 1, {6}, {1}}, "no type of numbers"},
    };
    for (size_t i = 0; i < RT_COUNT(wrong); i++) {
        rt_weights weights = {0};
        for (int legacy = 0; legacy < 2; legacy++)
            expect_refusal(
                parse_made(&weights, &wrong[i].tensor, 1, numbers, sizeof numbers, legacy),
                &weights, wrong[i].message);
    }
}

Test(formats_pytorch, refuses_storages_that_do_not_fit)
{
    rt_weights weights = {0};
    const rt_made_tensor huge = {"a", "FloatStorage", "0", INT64_MAX, 0, 1, {6}, {1}};
    const rt_made_tensor missing = {"a", "FloatStorage", "1", 6, 0, 1, {6}, {1}};
    const rt_made_tensor up = {"a", "FloatStorage", "../data.pkl", 6, 0, 1, {6}, {1}};
    const rt_made_tensor twice[] = {plain, {"b", "FloatStorage", "0", 5, 0, 1, {5}, {1}}};
    const rt_made_tensor types[] = {plain, {"b", "IntStorage", "0", 6, 0, 1, {6}, {1}}};
    const rt_made_tensor names[] = {plain, plain};
    rt_made_tensor tied[40];
    char letters[40][2] = {{0}};
    expect_refusal(parse_made(&weights, &plain, 1, numbers, 20, false), &weights, "has 20 bytes");
    expect_refusal(parse_made(&weights, &plain, 1, numbers, 20, true), &weights, "ends within");
    expect_refusal(parse_made(&weights, &huge, 1, numbers, 24, false), &weights, "has 24 bytes");
    expect_refusal(parse_made(&weights, &huge, 1, numbers, 24, true), &weights, "ends within");
    expect_refusal(parse_made(&weights, &missing, 1, numbers, 24, false), &weights,
                   "'archive/data/1' is missing");
    expect_refusal(parse_made(&weights, &missing, 1, numbers, 24, true), &weights,
                   "'0' is listed twice, or belongs to nothing");
    expect_refusal(parse_made(&weights, &up, 1, numbers, 24, false), &weights, "is missing");
    expect_refusal(parse_made(&weights, twice, 2, numbers, 24, false), &weights, "in two ways");
    expect_refusal(parse_made(&weights, types, 2, numbers, 24, true), &weights, "in two ways");
    expect_refusal(parse_made(&weights, names, 2, numbers, 24, true), &weights,
                   "duplicate tensor 'a'");
    /* tied weights are fine, forty copies of a large one are a bomb */
    static const float many[10000];
    for (int i = 0; i < 40; i++) {
        tied[i] = (rt_made_tensor){"", "FloatStorage", "0", 10000, 0, 1, {10000}, {1}};
        letters[i][0] = (char)('0' + i);
        tied[i].name = letters[i];
    }
    rt_test_ok(parse_made(&weights, tied, 4, many, sizeof many, false));
    rt_weights_close(&weights);
    expect_refusal(parse_made(&weights, tied, 40, many, sizeof many, false), &weights,
                   "more than four times");
}

/* Archives that are no plain list of plain files. */
Test(formats_pytorch, refuses_tricks_with_the_archive)
{
    rt_buffer pickle = {0};
    rt_make_pickle(&pickle, &plain, 1, false);
    const uint32_t size = (uint32_t)pickle.size;
    const rt_made_entry good = {.name = "a/data.pkl", .data = pickle.data, .size = size};
    const rt_made_entry storage = {.name = "a/data/0", .data = numbers, .size = 24};
#define TEXT(name_, text)                                                                          \
    {                                                                                              \
        .name = (name_), .data = (text), .size = sizeof(text) - 1                                  \
    }
    const struct {
        rt_made_entry entries[4];
        const char *message; ///< NULL: it is good
    } rows[] = {
        {{good, storage}, NULL},
        {{good, storage, TEXT("a/.data/serialization_id", "1234"), TEXT("a/version", "10\n")},
         NULL},
        {{good, storage, TEXT("a/code/", ""), TEXT("a/other", "x")}, NULL},
        {{storage}, "no 'a/data.pkl'"},
        {{good}, "'a/data/0' is missing"},
        {{good, storage, TEXT("b/version", "3\n")}, "the one folder"},
        {{good, storage, TEXT("version", "3\n")}, "the one folder"},
        {{good, storage, TEXT("a/../../etc/passwd", "x")}, "no plain name"},
        {{good, storage, TEXT("/a/x", "x")}, "no plain name"},
        {{good, storage, TEXT("a//x", "x")}, "no plain name"},
        {{good, storage, TEXT("a/./x", "x")}, "no plain name"},
        {{good, storage, TEXT("a\\x", "x")}, "no plain name"},
        {{good, storage, TEXT("", "x")}, "no plain name"},
        {{good, storage, storage}, "already exists"},
        {{good, storage, TEXT("a/byteorder", "big")}, "'big' endian"},
        {{good, storage, TEXT("a/byteorder", "little and something else")}, "too long"},
        {{good, storage, TEXT("a/version", "99\n")}, "version '99\\x0a'"},
        {{good, storage, TEXT("a/version", "0\n")}, "not known"},
        {{good, storage, TEXT("a/constants.pkl", "x")}, "TorchScript"},
        {{good, {.name = "a/data/0", .data = numbers, .size = 24, .flags = 1}}, "encrypted"},
        {{good, {.name = "a/data/0", .data = numbers, .size = 24, .method = 8}}, "compressed"},
        {{good, {.name = "a/data/0", .data = numbers, .size = 24, .wrong_checksum = true}}, "CRC"},
        {{good, {.name = "a/data/0", .data = numbers, .size = 24, .claimed_size = 1u << 30}},
         "archive"},
        {{{.name = "a/data.pkl", .data = "\x80\x02}.x", .size = 5}}, "1 bytes follow the pickle"},
    };
    for (size_t i = 0; i < RT_COUNT(rows); i++) {
        rt_weights weights = {0};
        rt_buffer bytes = {0};
        size_t count = 0;
        while (count < 4 && rows[i].entries[count].name != NULL) count++;
        rt_make_zip(&bytes, rows[i].entries, count);
        const rt_status status = parse(&weights, &bytes);
        if (rows[i].message == NULL)
            cr_expect_eq(status, RT_OK, "row %zu: %s", i, rt_error_message());
        else
            expect_refusal(status, &weights, rows[i].message);
        rt_weights_close(&weights);
        rt_buffer_clear(&bytes);
    }
    rt_buffer_clear(&pickle);
}

/* An entry within another one: each is right by itself, and together they are a bomb. */
Test(formats_pytorch, refuses_entries_that_overlap)
{
    rt_weights weights = {0};
    rt_buffer inner = {0}, bytes = {0};
    static const char much[4096];
    rt_made_entry entries[] = {
        {.name = "a/outer"},
        {.name = "a/inner", .data = much, .size = sizeof much, .nested = true}};
    rt_make_zip_entry(&inner, &entries[1]);
    entries[0].data = inner.data;
    entries[0].size = (uint32_t)inner.size;
    rt_make_zip(&bytes, entries, 2);
    expect_refusal(parse(&weights, &bytes), &weights, "hold more bytes than the archive");
    rt_buffer_clear(&inner);
    rt_buffer_clear(&bytes);
}

Test(formats_pytorch, refuses_too_many_entries, .timeout = 60)
{
    enum { ENTRIES = 65601 };
    rt_made_entry *entries = calloc(ENTRIES, sizeof *entries);
    char(*names)[16] = malloc(ENTRIES * sizeof *names);
    rt_weights weights = {0};
    rt_buffer bytes = {0};
    for (int i = 0; i < ENTRIES; i++) {
        snprintf(names[i], sizeof names[i], "a/%d", i);
        entries[i] = (rt_made_entry){.name = names[i], .data = ""};
    }
    rt_make_zip(&bytes, entries, ENTRIES);
    expect_refusal(parse(&weights, &bytes), &weights, "more than 65600 entries");
    bytes.size = 0;
    rt_make_zip(&bytes, entries, ENTRIES - 1); /* as many as there may be */
    expect_refusal(parse(&weights, &bytes), &weights, "no 'a/data.pkl'");
    rt_buffer_clear(&bytes);
    free(entries);
    free(names);
}

Test(formats_pytorch, refuses_a_pickle_without_measure)
{
    enum { SIZE = (16 << 20) + 1 };
    rt_weights weights = {0};
    rt_buffer bytes = {0};
    char *much = calloc(1, SIZE);
    rt_make_zip(&bytes, &(rt_made_entry){.name = "a/data.pkl", .data = much, .size = SIZE}, 1);
    expect_refusal(parse(&weights, &bytes), &weights, "allowed are 16777216");
    rt_buffer_clear(&bytes);
    free(much);
}

/* What only the older form has: views of storages, and the list of their keys. */
Test(formats_pytorch, refuses_what_the_older_form_can_say_wrong)
{
    rt_weights weights = {0};
    rt_buffer pickle = {0}, bytes = {0};
    rt_make_pickle(&pickle, &plain, 1, true);
    rt_make_legacy(&bytes, &pickle, 2, 6, numbers, sizeof numbers);
    expect_refusal(parse(&weights, &bytes), &weights, "'0' is listed twice");
    bytes.size = 0;
    rt_make_legacy(&bytes, &pickle, 0, 6, NULL, 0);
    bytes.size -= strlen("](e.") + 2 + 8; /* the list, and the size of the first storage */
    const size_t before = bytes.size;
    rt_test_ok(rt_buffer_append(&bytes, "\x80\x02N.", 4));
    expect_refusal(parse(&weights, &bytes), &weights, "the list of storages is None");
    bytes.size = before;
    rt_test_ok(rt_buffer_append(&bytes, "\x80\x02].", 4));
    expect_refusal(parse(&weights, &bytes), &weights, "storage '0' is missing");
    bytes.size = 0;
    rt_make_legacy(&bytes, &pickle, 1, 5, numbers, sizeof numbers);
    expect_refusal(parse(&weights, &bytes), &weights, "has 5 elements, the pickle says 6");
    uint8_t *none = memmem(pickle.data, pickle.size, "NtQ", 3);
    cr_assert_not_null(none);
    *none = 0x89; /* False */
    bytes.size = 0;
    rt_make_legacy(&bytes, &pickle, 1, 6, numbers, sizeof numbers);
    expect_refusal(parse(&weights, &bytes), &weights, "a view of another one");
    rt_buffer_clear(&pickle);
    rt_buffer_clear(&bytes);
}

/* Every cut of a good file, in both forms. */
Test(formats_pytorch, refuses_truncated_files)
{
    for (int legacy = 0; legacy < 2; legacy++) {
        rt_buffer pickle = {0}, bytes = {0};
        rt_make_pickle(&pickle, &plain, 1, legacy);
        if (legacy)
            rt_make_legacy(&bytes, &pickle, 1, 6, numbers, sizeof numbers);
        else
            rt_make_checkpoint(&bytes, &pickle, numbers, sizeof numbers);
        const size_t whole = bytes.size;
        for (bytes.size = 0; bytes.size < whole; bytes.size++) {
            rt_weights weights = {0};
            cr_expect_eq(parse(&weights, &bytes), RT_ERROR_INPUT, "%zu of %zu bytes", bytes.size,
                         whole);
            rt_weights_close(&weights);
        }
        bytes.size = whole;
        rt_test_ok(rt_buffer_append(&bytes, "x", 1));
        rt_weights weights = {0};
        if (legacy) expect_refusal(parse(&weights, &bytes), &weights, "1 bytes follow the last");
        rt_buffer_clear(&pickle);
        rt_buffer_clear(&bytes);
    }
}

Test(formats_pytorch, refuses_other_things_that_are_pickled)
{
    static const struct {
        const char *pickle;
        size_t size;
        const char *message;
    } rows[] = {
#define ROW(text, message_) {text, sizeof(text) - 1, message_}
        ROW("\x80\x02].", "holds a list instead of a dict of tensors"),
        ROW("\x80\x02N.", "holds None instead"),
        ROW("\x80\x02}.", "holds no tensors"),
        ROW("\x80\x02}X\x05\x00\x00\x00modelK\x01s.", "holds no tensors"),
        ROW("\x80\x02}X\x05\x00\x00\x00model}X\x01\x00\x00\x00"
            "aK\x01ss.",
            "holds no tensors"),
        ROW("\x80\x02"
            "c__main__\nNet\n)\x81}b.",
            "class '__main__.Net'"),
        ROW("\x80\x02"
            "cposix\nsystem\nX\x02\x00\x00\x00id\x85R.",
            "class 'posix.system'"),
        ROW("\x80\x02"
            "ctorch._utils\n_rebuild_tensor_v2\n)R.",
            "holds a tensor instead"),
        ROW("\x80\x02}K\x01"
            "ctorch._utils\n_rebuild_tensor_v2\n)Rs.",
            "name is a number"),
        ROW("\x80\x02}X\x01\x00\x00\x00"
            "actorch._utils\n_rebuild_tensor_v2\n)Rs.",
            "not made of storage"),
        ROW("\x80\x02}X\x01\x00\x00\x00"
            "actorch._utils\n_rebuild_parameter\n)Rs.",
            "not made of storage"),
        ROW("\x80\x02}X\x01\x00\x00\x00"
            "actorch._utils\n_rebuild_parameter\nN\x85Rs.",
            "not made of a tensor"),
        ROW("\x80\x02}X\x01\x00\x00\x00"
            "actorch._utils\n_rebuild_parameter\n"
            "ctorch._utils\n_rebuild_parameter\n)R\x85Rs.",
            "not made of a tensor"),
        ROW("\x80\x02}(X\x01\x00\x00\x00"
            "aK\x01QX\x01\x00\x00\x00"
            "bctorch._utils\n_rebuild_tensor_v2\n)Ru.",
            "outside that is no storage"),
        ROW("\x80\x02}(X\x01\x00\x00\x00"
            "a(X\x07\x00\x00\x00storageK\x01K\x02K\x03K\x04tQ"
            "X\x01\x00\x00\x00"
            "bctorch._utils\n_rebuild_tensor_v2\n)Ru.",
            "not described by class"),
    };
    for (size_t i = 0; i < RT_COUNT(rows); i++) {
        rt_weights weights = {0};
        rt_buffer pickle = {0}, bytes = {0};
        rt_test_ok(rt_buffer_append(&pickle, rows[i].pickle, rows[i].size));
        rt_make_checkpoint(&bytes, &pickle, numbers, sizeof numbers);
        expect_refusal(parse(&weights, &bytes), &weights, rows[i].message);
        rt_buffer_clear(&bytes);
        rt_buffer_clear(&pickle);
    }
}

Test(formats_pytorch, survives_lack_of_memory)
{
    rt_buffer pickle = {0}, bytes = {0};
    rt_status status = RT_ERROR_MEMORY;
    rt_make_pickle(&pickle, &plain, 1, false);
    rt_make_checkpoint(&bytes, &pickle, numbers, sizeof numbers);
    for (uint64_t nth = 1; status != RT_OK; nth++) {
        rt_weights weights = {0};
        rt_alloc_fail_at(nth, nth % 2 == 0);
        status = rt_weights_parse(&weights, "memory", bytes.data, bytes.size);
        rt_alloc_fail_at(0, false);
        cr_assert(status == RT_OK || status == RT_ERROR_MEMORY, "%d", status);
        rt_weights_close(&weights);
    }
    rt_buffer_clear(&pickle);
    rt_buffer_clear(&bytes);
}
