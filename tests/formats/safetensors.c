#include "common/formats/safetensors.h"

#include "tests/formats/safetensors_maker.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float values[6] = {0, -0.0f, 1.5f, INFINITY, 1e-45f, -3};

/* Tensors of several widths under names that need escapes, added in no order. */
static void fill_writer(rt_safetensors_writer *writer)
{
    static const int64_t counts[1] = {-7};
    static const uint8_t bytes[5] = {1, 2, 3, 4, 5};
    cr_assert_eq(
        rt_safetensors_add(writer, "z.bytes", RT_SAFETENSORS_U8, 1, (uint64_t[]){5}, bytes), RT_OK);
    cr_assert_eq(rt_safetensors_add(writer, "conv.weight", RT_SAFETENSORS_F32, 3,
                                    (uint64_t[]){1, 2, 3}, values),
                 RT_OK);
    cr_assert_eq(rt_safetensors_add(writer, "a\"\\\n\xC3\xA4", RT_SAFETENSORS_F32, 1,
                                    (uint64_t[]){2}, values),
                 RT_OK);
    cr_assert_eq(rt_safetensors_add(writer, "count", RT_SAFETENSORS_I64, 0, NULL, counts), RT_OK);
    cr_assert_eq(rt_safetensors_add_metadata(writer, "arch", "resnet \"8\""), RT_OK);
    cr_assert_eq(rt_safetensors_add_metadata(writer, "Arch", ""), RT_OK);
}

Test(formats_safetensors, round_trip)
{
    rt_safetensors_writer writer = {0};
    rt_safetensors file = {0};
    char sha256[RT_SHA256_TEXT];
    const char *path = rt_test_path("model.safetensors");
    fill_writer(&writer);
    cr_assert_eq(rt_safetensors_write(&writer, path, sha256), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_safetensors_open(&file, path), RT_OK, "%s", rt_error_message());
    cr_assert_eq(file.entry_count, 4);
    cr_assert_str_eq(file.sha256, sha256);
    cr_assert_str_eq(rt_safetensors_metadata(&file, "arch"), "resnet \"8\"");
    cr_assert_str_eq(rt_safetensors_metadata(&file, "Arch"), "");
    cr_assert_str_eq(rt_safetensors_metadata(&file, "sha256"), sha256);
    cr_assert_null(rt_safetensors_metadata(&file, "ARCH"));
    cr_assert_null(rt_safetensors_find(&file, "conv"));
    const rt_safetensors_entry *weight = rt_safetensors_find(&file, "conv.weight");
    cr_assert_not_null(weight);
    cr_assert(weight->rank == 3 && weight->shape[0] == 1 && weight->shape[2] == 3);
    cr_assert_eq(memcmp(weight->data, values, sizeof values), 0);
    cr_assert_not_null(rt_safetensors_find(&file, "a\"\\\n\xC3\xA4"));
    for (size_t i = 0; i < file.entry_count; i++)
        cr_expect_eq((uintptr_t)file.entries[i].data %
                         rt_safetensors_type_size(file.entries[i].type),
                     0, "'%s' is not aligned", file.entries[i].name);
    rt_safetensors_close(&file);
    rt_safetensors_writer_clear(&writer);
}

/* The format from its published description, in another language. */
Test(formats_safetensors, another_reader_reads_it)
{
    static const char script[] =
        "import hashlib, json, struct, sys\n"
        "b = open(sys.argv[1], 'rb').read()\n"
        "n = struct.unpack('<Q', b[:8])[0]\n"
        "assert n % 8 == 0\n"
        "h = json.loads(b[8:8 + n]); d = b[8 + n:]\n"
        "m = h.pop('__metadata__')\n"
        "assert m['sha256'] == hashlib.sha256(d).hexdigest() and m['arch'] == 'resnet \"8\"'\n"
        "assert list(h) == ['count', 'a\"\\\\\\nä', 'conv.weight', 'z.bytes'], list(h)\n"
        "w = h['conv.weight']; i, j = w['data_offsets']\n"
        "assert w['dtype'] == 'F32' and w['shape'] == [1, 2, 3]\n"
        "assert struct.unpack('<6f', d[i:j])[2::3] == (1.5, -3.0)\n"
        "assert h['count']['shape'] == [] and h['z.bytes']['data_offsets'][1] == len(d)\n";
    rt_safetensors_writer writer = {0};
    const char *path = rt_test_path("model.safetensors");
    fill_writer(&writer);
    cr_assert_eq(rt_safetensors_write(&writer, path, NULL), RT_OK);
    rt_safetensors_writer_clear(&writer);
    const int result = rt_test_python("json", script, path);
    if (result < 0) cr_skip_test("python3 is not installed");
    cr_assert_eq(result, 0);
}

Test(formats_safetensors, reads_a_file_of_another_writer)
{
    /* Odd header length: the data is not aligned. */
    static const char header[] = "{ \"b\" :{\"data_offsets\":[4,8],\"dtype\":\"I32\",\"shape\":[]},"
                                 "\"\\u00e4\\ud83d\\ude00\":{\"dtype\":\"F16\",\"shape\":[2,1],"
                                 "\"data_offsets\":[0,4]}}   ";
    uint8_t bytes[512];
    rt_safetensors file = {0};
    float floats[2];
    const size_t size = rt_test_safetensors(bytes, header, sizeof header - 1, 8);
    memcpy(bytes + 8 + sizeof header - 1, (uint16_t[]){0x3E00, 0xFC00}, 4);
    cr_assert_eq(rt_safetensors_parse(&file, "test", bytes, size), RT_OK, "%s", rt_error_message());
    cr_assert_str_eq(file.entries[0].name, "\xC3\xA4\xF0\x9F\x98\x80");
    cr_assert_eq(rt_safetensors_floats(&file.entries[0], floats), RT_OK);
    cr_assert(floats[0] == 1.5f && floats[1] == -INFINITY);
    cr_assert_eq(rt_safetensors_floats(rt_safetensors_find(&file, "b"), floats), RT_OK);
    cr_assert_eq(floats[0], (float)0x07060504);
    cr_assert_eq(rt_safetensors_check_finite(&file), RT_ERROR_NUMERIC);
    rt_safetensors_close(&file);
}

Test(formats_safetensors, converts_small_floats)
{
    /* From the definitions of binary16 and bfloat16. */
    static const struct {
        rt_safetensors_type type;
        uint16_t bits;
        double value;
    } cases[] = {
        {RT_SAFETENSORS_F16, 0x0001, 0x1p-24}, {RT_SAFETENSORS_F16, 0x03FF, 1023 * 0x1p-24},
        {RT_SAFETENSORS_F16, 0x0400, 0x1p-14}, {RT_SAFETENSORS_F16, 0x3C00, 1},
        {RT_SAFETENSORS_F16, 0x7BFF, 65504},   {RT_SAFETENSORS_F16, 0x8000, -0.0},
        {RT_SAFETENSORS_F16, 0xC500, -5},      {RT_SAFETENSORS_BF16, 0x3F80, 1},
        {RT_SAFETENSORS_BF16, 0xC0A0, -5},     {RT_SAFETENSORS_BF16, 0x0001, 0x1p-133},
    };
    for (size_t i = 0; i < RT_COUNT(cases); i++) {
        const rt_safetensors_entry entry = {
            .type = cases[i].type, .count = 1, .data = &cases[i].bits, .size = 2};
        float value;
        cr_assert_eq(rt_safetensors_floats(&entry, &value), RT_OK);
        cr_expect(value == (float)cases[i].value && !signbit(value) == !signbit(cases[i].value),
                  "%#x gave %g, not %g", cases[i].bits, (double)value, cases[i].value);
    }
    const rt_safetensors_entry eight = {
        .name = "x", .type = RT_SAFETENSORS_F8_E4M3, .count = 1, .data = cases, .size = 1};
    float value;
    cr_assert_eq(rt_safetensors_floats(&eight, &value), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "unsupported"));
}

/* Every rule broken alone. */
#define ENTRY(text) "{\"a\":{" text "}}"

static const struct {
    const char *header;
    size_t data_size;
    const char *message;
} hostile[] = {
    {"", 0, "header of 0 bytes"},
    {"{", 0, "header of 1 bytes"},
    {"[]", 0, "'{' as the first byte"},
    {" {" RT_TEST_TENSOR "}", 8, "'{' as the first byte"},
    {"{" RT_TEST_TENSOR "}\n", 8, "only spaces"},
    {"{" RT_TEST_TENSOR "} x", 8, "only spaces"},
    {"{" RT_TEST_TENSOR "}{}", 8, "only spaces"},
    {"{" RT_TEST_TENSOR, 8, "',' or '}'"},
    {"{" RT_TEST_TENSOR ",}", 8, "a string"},
    {"{" RT_TEST_TENSOR "," RT_TEST_TENSOR "}", 8, "overlaps"},
    {"{" RT_TEST_TENSOR ",\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", 12,
     "duplicate"},
    {"{" RT_TEST_TENSOR ",\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}",
     12, "duplicate"},
    {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}," RT_TEST_TENSOR "}", 8,
     "duplicate metadata key 'k'"},
    {"{\"__metadata__\":{},\"__metadata__\":{}," RT_TEST_TENSOR "}", 8,
     "duplicate key '__metadata__'"},
    {"{\"__metadata__\":{\"k\":1}," RT_TEST_TENSOR "}", 8, "a string"},
    {"{\"__metadata__\":{\"k\":null}," RT_TEST_TENSOR "}", 8, "a string"},
    {"{\"__metadata__\":{\"k\":{}}," RT_TEST_TENSOR "}", 8, "a string"},
    {"{\"__metadata__\":[]," RT_TEST_TENSOR "}", 8, "'{'"},
    {"{\"__metadata__\":{\"sha256\":\"00\"}," RT_TEST_TENSOR "}", 8, "sha256"},
    {"{\"\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "name has 0 bytes"},
    {"{\"a\\u0000\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "\\u0000"},
    {"{\"a\x01\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "control"},
    {"{\"a\xFF\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "UTF-8"},
    {"{\"a\xC0\xAF\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "UTF-8"},
    {"{\"a\xED\xA0\x80\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "UTF-8"},
    {"{\"a\\ud800\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "escape"},
    {"{\"a\\udc00\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "escape"},
    {"{\"a\\x41\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "escape"},
    {"{\"a\\u00g0\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "escape"},
    {"{\"a", 8, "end of the string"},
    {"{\"a\\", 8, "end of the string"},
    {"{\"a\":[]}", 8, "'{'"},
    {ENTRY(""), 8, "lacks dtype"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[2]"), 8, "lacks"},
    {ENTRY("\"dtype\":\"F32\",\"data_offsets\":[0,8]"), 8, "lacks"},
    {ENTRY("\"shape\":[2],\"data_offsets\":[0,8]"), 8, "lacks"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1"), 8, "unknown key 'x'"},
    {ENTRY("\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]"), 8,
     "duplicate key 'dtype'"},
    {ENTRY("\"Dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]"), 8, "unknown key 'Dtype'"},
    {ENTRY("\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[0,8]"), 8, "unsupported dtype 'F4'"},
    {ENTRY("\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]"), 8, "unsupported"},
    {ENTRY("\"dtype\":5,\"shape\":[2],\"data_offsets\":[0,8]"), 8, "a string"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]"), 8, "digits only"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[2e0],\"data_offsets\":[0,8]"), 8, "digits only"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[-0],\"data_offsets\":[0,8]"), 8, "digits only"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[+2],\"data_offsets\":[0,8]"), 8, "digits only"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[02],\"data_offsets\":[0,8]"), 8, "leading zeros"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]"), 8, "digits only"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[2,],\"data_offsets\":[0,8]"), 8, "digits only"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]"), 8, "'['"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[9007199254740992],\"data_offsets\":[0,8]"), 8, "2^53"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]"), 8,
     "more than 8"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,2],\"data_offsets\":[0,8]"), 8,
     "overflows"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[0,4503599627370496,4503599627370496],"
           "\"data_offsets\":[0,0]"),
     0, "overflows"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]"), 0, "no elements"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]"), 8, "needs 12"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]"), 8, "[begin, end]"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]"), 8, "more than 2"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8]"), 8, "[begin, end]"},
    {ENTRY("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]"), 12, "hole"},
    {"{" RT_TEST_TENSOR ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
     "overlaps"},
    {"{" RT_TEST_TENSOR ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}", 16,
     "hole"},
    {"{" RT_TEST_TENSOR "}", 4, "beyond the end"},
    {"{" RT_TEST_TENSOR "}", 9, "1 bytes follow"},
    {"{}", 1, "1 bytes follow"},
};

Test(formats_safetensors, refuses_hostile_files)
{
    uint8_t bytes[1024];
    for (size_t i = 0; i < RT_COUNT(hostile); i++) {
        rt_safetensors file = {0};
        const size_t size = rt_test_safetensors(bytes, hostile[i].header, strlen(hostile[i].header),
                                                hostile[i].data_size);
        const rt_status status = rt_safetensors_parse(&file, "x.safetensors", bytes, size);
        cr_expect_eq(status, RT_ERROR_INPUT, "accepted: %s", hostile[i].header);
        cr_expect_not_null(strstr(rt_error_message(), hostile[i].message), "%s gave: %s",
                           hostile[i].header, rt_error_message());
        cr_expect_not_null(strstr(rt_error_message(), "x.safetensors"));
        rt_safetensors_close(&file);
    }
}

/* More names than are allowed: refused, and soon. */
Test(formats_safetensors, refuses_too_many_names, .timeout = 20)
{
    enum { NAMES = 65537, ROOM = NAMES * 16 };
    char *header = malloc(ROOM);
    uint8_t *bytes = malloc(ROOM);
    rt_safetensors file = {0};
    int length = snprintf(header, ROOM, "{\"__metadata__\":{");
    for (int i = 0; i < NAMES; i++)
        length += snprintf(header + length, (size_t)(ROOM - length), "%s\"%d\":\"\"",
                           i > 0 ? "," : "", i);
    length += snprintf(header + length, (size_t)(ROOM - length), "}}");
    const size_t size = rt_test_safetensors(bytes, header, (size_t)length, 0);
    cr_assert_eq(rt_safetensors_parse(&file, "many", bytes, size), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "more than 65536"), "%s", rt_error_message());
    free(header);
    free(bytes);
}

/* What no reader would take is not written: a bug of the caller's. */
Test(formats_safetensors, writer_refuses_what_readers_would)
{
    const float one = 1;
    const uint64_t shape[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, empty[] = {0};
    rt_safetensors_writer writer = {0};
    rt_buffer bytes = {0};
    const rt_safetensors_type type = RT_SAFETENSORS_F32;
    cr_expect_eq(rt_safetensors_add(&writer, "a", type, 9, shape, &one), RT_ERROR_INTERNAL);
    cr_expect_eq(rt_safetensors_add(&writer, "", type, 1, shape, &one), RT_ERROR_INTERNAL);
    cr_expect_eq(rt_safetensors_add(&writer, "a", type, 1, empty, &one), RT_ERROR_INTERNAL);
    cr_expect_eq(rt_safetensors_add(&writer, "a", type, 1, shape, &one), RT_OK);
    cr_expect_eq(rt_safetensors_add_metadata(&writer, "k", "1"), RT_OK);
    cr_expect_eq(rt_safetensors_add_metadata(&writer, "k", "2"), RT_OK);
    cr_expect_eq(rt_safetensors_encode(&writer, &bytes, NULL), RT_ERROR_INTERNAL);
    cr_expect_not_null(strstr(rt_error_message(), "metadata 'k' was added twice"));
    cr_expect_eq(rt_safetensors_add(&writer, "a", type, 1, shape, &one), RT_OK);
    cr_expect_eq(rt_safetensors_encode(&writer, &bytes, NULL), RT_ERROR_INTERNAL);
    cr_expect_not_null(strstr(rt_error_message(), "tensor 'a' was added twice"));
    rt_buffer_clear(&bytes);
    rt_safetensors_writer_clear(&writer);
}

Test(formats_safetensors, refuses_wrong_sizes)
{
    uint8_t bytes[256];
    rt_safetensors file = {0};
    const size_t size =
        rt_test_safetensors(bytes, "{" RT_TEST_TENSOR "}", strlen("{" RT_TEST_TENSOR "}"), 8);
    cr_assert_eq(rt_safetensors_parse(&file, "good", bytes, size), RT_OK);
    rt_safetensors_close(&file);
    for (size_t cut = 0; cut < size; cut++)
        cr_expect_eq(rt_safetensors_parse(&file, "cut", bytes, cut), RT_ERROR_INPUT, "%zu", cut);
    static const uint64_t lengths[] = {0, 1, UINT64_MAX, 1ull << 63, (16 << 20) + 1, 300};
    for (size_t i = 0; i < RT_COUNT(lengths); i++) {
        memcpy(bytes, &lengths[i], 8);
        cr_expect_eq(rt_safetensors_parse(&file, "length", bytes, size), RT_ERROR_INPUT);
    }
    cr_expect_eq(rt_safetensors_open(&file, "/nonexistent/x"), RT_ERROR_INPUT);
}

Test(formats_safetensors, sees_every_flipped_bit_of_the_data)
{
    rt_safetensors_writer writer = {0};
    rt_buffer bytes = {0};
    fill_writer(&writer);
    cr_assert_eq(rt_safetensors_encode(&writer, &bytes, NULL), RT_OK);
    uint64_t header_size;
    memcpy(&header_size, bytes.data, 8);
    for (size_t bit = 8 * (8 + header_size); bit < 8 * bytes.size; bit++) {
        rt_safetensors file = {0};
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_eq(rt_safetensors_parse(&file, "flipped", bytes.data, bytes.size),
                     RT_ERROR_INPUT);
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    rt_buffer_clear(&bytes);
    rt_safetensors_writer_clear(&writer);
}

Test(formats_safetensors, writer_is_canonical)
{
    rt_buffer first = {0}, second = {0};
    rt_safetensors_writer writer = {0};
    fill_writer(&writer);
    cr_assert_eq(rt_safetensors_encode(&writer, &first, NULL), RT_OK);
    for (size_t i = 0; i < writer.entry_count / 2; i++) { /* added the other way round */
        const rt_safetensors_entry swapped = writer.entries[i];
        writer.entries[i] = writer.entries[writer.entry_count - 1 - i];
        writer.entries[writer.entry_count - 1 - i] = swapped;
    }
    cr_assert_eq(rt_safetensors_encode(&writer, &second, NULL), RT_OK);
    cr_assert_eq(first.size, second.size);
    cr_assert_eq(memcmp(first.data, second.data, first.size), 0);
    rt_buffer_clear(&second);
    cr_assert_eq(rt_safetensors_add(&writer, "count", RT_SAFETENSORS_I64, 0, NULL, values), RT_OK);
    cr_assert_eq(rt_safetensors_encode(&writer, &second, NULL), RT_ERROR_INTERNAL);
    cr_assert_null(second.data);
    cr_assert_eq(
        rt_safetensors_add(&writer, "empty", RT_SAFETENSORS_F32, 1, (uint64_t[]){0}, values),
        RT_ERROR_INTERNAL);
    rt_buffer_clear(&first);
    rt_safetensors_writer_clear(&writer);
}

Test(formats_safetensors, survives_lack_of_memory)
{
    uint8_t bytes[512];
    const size_t size = rt_test_safetensors(bytes, RT_TEST_HEADER, sizeof RT_TEST_HEADER - 1, 10);
    rt_status status = RT_ERROR_MEMORY;
    for (uint64_t nth = 1; status != RT_OK; nth++) {
        rt_safetensors file = {0};
        rt_alloc_fail_at(nth, nth % 2 == 0);
        status = rt_safetensors_parse(&file, "memory", bytes, size);
        rt_alloc_fail_at(0, false);
        cr_assert(status == RT_OK || status == RT_ERROR_MEMORY);
        rt_safetensors_close(&file);
    }
    status = RT_ERROR_MEMORY;
    for (uint64_t nth = 1; status != RT_OK; nth++) {
        rt_safetensors_writer writer = {0};
        rt_buffer out = {0};
        fill_writer(&writer);
        rt_alloc_fail_at(nth, false);
        status = rt_safetensors_encode(&writer, &out, NULL);
        rt_alloc_fail_at(0, false);
        cr_assert(status == RT_OK || (status == RT_ERROR_MEMORY && out.data == NULL));
        rt_buffer_clear(&out);
        rt_safetensors_writer_clear(&writer);
    }
}

Test(formats_safetensors, a_failed_write_keeps_the_old_file)
{
    const char *path = rt_test_path("model.safetensors"), *copy = rt_test_path("copy");
    rt_safetensors_writer writer = {0}, other = {0};
    fill_writer(&writer);
    cr_assert_eq(rt_safetensors_write(&writer, path, NULL), RT_OK);
    cr_assert_eq(rt_safetensors_write(&writer, copy, NULL), RT_OK);
    cr_assert_eq(rt_safetensors_add(&other, "x", RT_SAFETENSORS_F32, 1, (uint64_t[]){2}, values),
                 RT_OK);
    bool reached = true;
    for (unsigned nth = 1; reached; nth++) {
        rt_test_fail_io(nth, ENOSPC, false);
        const rt_status status = rt_safetensors_write(&other, path, NULL);
        reached = rt_test_io_failed();
        rt_test_fail_io(0, 0, false);
        if (status == RT_OK) {
            rt_safetensors file = {0};
            cr_assert_eq(rt_safetensors_open(&file, path), RT_OK);
            rt_safetensors_close(&file);
        } else {
            rt_safetensors file = {0};
            cr_assert_eq(rt_safetensors_open(&file, path), RT_OK, "%s", rt_error_message());
            cr_assert(file.entry_count == 4 || file.entry_count == 1);
            rt_safetensors_close(&file);
        }
        cr_assert_eq(rt_safetensors_write(&writer, path, NULL), RT_OK);
        cr_assert(rt_test_same(path, copy, NULL));
    }
    rt_safetensors_writer_clear(&writer);
    rt_safetensors_writer_clear(&other);
}
