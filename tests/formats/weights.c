/* Weights of all formats behind one interface: what is told apart, prefixes, files in parts. */
#include "common/formats/weights.h"

#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const float numbers[6] = {1, 2, 3, 4, 5, 6};

/* A safetensors file with a tensor [2,3] of each name (NULL ends them) and one metadata key. */
static void write_tensors(const char *file, const char *const *names, const char *value)
{
    rt_safetensors_writer writer = {0};
    for (; *names != NULL; names++)
        rt_test_ok(rt_safetensors_add(&writer, *names, RT_SAFETENSORS_F32, 2, (uint64_t[]){2, 3},
                                      numbers));
    if (value != NULL) rt_test_ok(rt_safetensors_add_metadata(&writer, "note", value));
    rt_test_ok(rt_safetensors_write(&writer, rt_test_path(file), NULL));
    rt_safetensors_writer_clear(&writer);
}

#define NAMES(...)                                                                                 \
    (const char *const[]) { __VA_ARGS__, NULL }

Test(formats_weights, a_safetensors_file_is_as_safetensors_reads_it)
{
    rt_weights weights = {0};
    rt_safetensors file = {0};
    float values[6];
    write_tensors("a.safetensors", NAMES("x", "y"), "kept");
    rt_test_ok(rt_weights_open(&weights, rt_test_path("a.safetensors")));
    rt_test_ok(rt_safetensors_open(&file, rt_test_path("a.safetensors")));
    cr_expect_eq(weights.format, RT_WEIGHTS_SAFETENSORS);
    cr_expect_str_eq(weights.sha256, file.sha256);
    cr_expect_str_eq(weights.prefix, "");
    cr_expect_str_eq(rt_weights_metadata(&weights, "note"), "kept");
    cr_expect_null(rt_weights_metadata(&weights, "other"));
    cr_expect_null(rt_weights_find(&weights, "z"));
    rt_test_ok(rt_weights_floats(rt_weights_find(&weights, "y"), values));
    cr_expect_eq(memcmp(values, numbers, sizeof values), 0);
    rt_test_ok(rt_weights_check_finite(&weights));
    rt_safetensors_close(&file);
    rt_weights_close(&weights);
}

/* A prefix goes if all have it, and goes again if there are two; a name is never used up. */
Test(formats_weights, wrappers_prefixes_are_taken_off)
{
    static const struct {
        const char *names[3], *prefix, *first;
    } rows[] = {
        {{"module.a", "module.b"}, "module.", "a"},
        {{"module._orig_mod.a", "module._orig_mod.b"}, "module._orig_mod.", "a"},
        {{"_orig_mod.module.a", "_orig_mod.module.b"}, "_orig_mod.module.", "a"},
        {{"module.a", "b"}, "", "module.a"},
        {{"modules.a", "modules.b"}, "", "modules.a"},
        {{"module.module.a", "module.b"}, "module.", "module.a"},
        {{"module.a", "module."}, "", "module.a"},
    };
    for (size_t i = 0; i < RT_COUNT(rows); i++) {
        rt_weights weights = {0};
        write_tensors("a.safetensors", rows[i].names, NULL);
        rt_test_ok(rt_weights_open(&weights, rt_test_path("a.safetensors")));
        cr_expect_str_eq(weights.prefix, rows[i].prefix, "row %zu", i);
        cr_expect_not_null(rt_weights_find(&weights, rows[i].first), "row %zu", i);
        rt_weights_close(&weights);
    }
}

static void expect_refusal(const char *file, const char *words)
{
    rt_weights weights = {0};
    cr_expect_eq(rt_weights_open(&weights, rt_test_path(file)), RT_ERROR_INPUT, "%s", words);
    cr_expect_not_null(strstr(rt_error_message(), words), "not '%s': %s", words,
                       rt_error_message());
    cr_expect_not_null(strstr(rt_error_message(), file), "%s", rt_error_message());
}

static void write_text(const char *file, const char *text)
{
    rt_test_write(rt_test_path(file), text, strlen(text));
}

Test(formats_weights, what_is_no_model_is_said_to_be_none)
{
    write_text("a.bin", "a text");
    expect_refusal("a.bin", "no model that can be read: give safetensors, a checkpoint");
    write_text("a.pth", "");
    expect_refusal("a.pth", "no model that can be read");
    write_text("a.safetensors", "a text");
    expect_refusal("a.safetensors", "header");
    write_text("a.pth", "\x80\x02}.");
    expect_refusal("a.pth", "its magic number is missing");
    write_text("a.pth", "\x80\x04\x8c\x02os\x8c\x06system\x93.");
    expect_refusal("a.pth", "begins with a magic number: class 'os.system'");
    write_text("a.json", "{\"weights\": 1}");
    expect_refusal("a.json", "no 'weight_map'");
}

static void write_index(const char *map)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"metadata\": {\"total_size\": 72, \"arch\": \"tiny\"}, \"weight_map\": %s}\n", map);
    write_text("model.safetensors.index.json", text);
}

Test(formats_weights, files_in_parts_are_one_model)
{
    rt_weights weights = {0}, whole = {0};
    write_tensors("model-1.safetensors", NAMES("module.a", "module.c"), NULL);
    write_tensors("model-2.safetensors", NAMES("module.b"), NULL);
    write_index("{\"module.a\": \"model-1.safetensors\", \"module.b\": \"model-2.safetensors\","
                "\"module.c\": \"model-1.safetensors\"}");
    rt_test_ok(rt_weights_open(&weights, rt_test_path("model.safetensors.index.json")));
    cr_expect_eq(weights.format, RT_WEIGHTS_SHARDS);
    cr_expect_eq(weights.entry_count, 3);
    cr_expect_str_eq(weights.prefix, "module.");
    cr_expect_str_eq(rt_weights_metadata(&weights, "arch"), "tiny");
    cr_expect_null(rt_weights_metadata(&weights, "total_size"));
    /* The hash is that of names, shapes and values, however they are cut. */
    write_tensors("all.safetensors", NAMES("a", "b", "c"), NULL);
    write_text("all.json", "{\"weight_map\":{\"a\":\"all.safetensors\",\"b\":\"all.safetensors\","
                           "\"c\":\"all.safetensors\"}}");
    rt_test_ok(rt_weights_open(&whole, rt_test_path("all.json")));
    cr_expect_str_eq(weights.sha256, whole.sha256);
    rt_weights_close(&whole);
    rt_weights_close(&weights);
}

Test(formats_weights, refuses_an_index_that_lies)
{
    static const struct {
        const char *map, *message;
    } rows[] = {
        {"{\"a\": \"model-1.safetensors\"}", "has 2 tensors, the index knows 1"},
        {"{\"a\": \"model-1.safetensors\", \"b\": \"model-1.safetensors\"}", "'b' is not in"},
        {"{\"a\": \"model-1.safetensors\", \"a\": \"model-1.safetensors\","
         "\"c\": \"model-1.safetensors\"}",
         "has 2 tensors, the index knows 3"},
        {"{\"a\": \"model-1.safetensors\", \"c\": \"model-1.safetensors\","
         "\"b\": \"model-2.safetensors\", \"a\": \"model-3.safetensors\"}",
         "duplicate tensor 'a'"},
        {"{\"a\": \"model-9.safetensors\"}", "no file"},
        {"{\"a\": \"../model-1.safetensors\"}", "one of its own folder"},
        {"{\"a\": \"/etc/x.safetensors\"}", "one of its own folder"},
        {"{\"a\": \".safetensors\"}", "one of its own folder"},
        {"{\"a\": \"passwd\"}", "ends in .safetensors"},
        {"{\"a\": 1}", "no file for tensor 'a'"},
        {"{}", "no 'weight_map'"},
        {"[]", "no 'weight_map'"},
        {"{\"a\": \"model-1.safetensors\"", "no valid JSON"},
        {"{}}", "no valid JSON"},
    };
    write_tensors("model-1.safetensors", NAMES("a", "c"), NULL);
    write_tensors("model-2.safetensors", NAMES("b"), NULL);
    write_tensors("model-3.safetensors", NAMES("a"), NULL);
    for (size_t i = 0; i < RT_COUNT(rows); i++) {
        write_index(rows[i].map);
        expect_refusal("model.safetensors.index.json", rows[i].message);
    }
    write_text("model.safetensors.index.json", "{\"metadata\":{\"k\":\"1\",\"k\":\"2\"},"
                                               "\"weight_map\":{\"a\":\"model-3.safetensors\"}}");
    expect_refusal("model.safetensors.index.json", "duplicate metadata key 'k'");
    rt_weights weights = {0};
    cr_expect_eq(rt_weights_parse(&weights, "memory", "{}", 2), RT_ERROR_INPUT);
    cr_expect_not_null(strstr(rt_error_message(), "must be a file"));
}

/* Too much of anything, and soon. */
Test(formats_weights, refuses_an_index_without_measure, .timeout = 20)
{
    static char text[5 << 20];
    memset(text, ' ', sizeof text);
    memcpy(text, "{}", 2);
    rt_test_write(rt_test_path("a.json"), text, sizeof text);
    expect_refusal("a.json", "allowed are 4194304");
    memset(text, '[', 1 << 20);
    memcpy(text, "{\"a\":", 5);
    rt_test_write(rt_test_path("a.json"), text, 1 << 20);
    expect_refusal("a.json", "no valid JSON");
    int length = snprintf(text, sizeof text, "{\"weight_map\":{");
    for (int i = 0; i < 1100; i++)
        length += snprintf(text + length, sizeof text - (size_t)length,
                           "%s\"t%d\":\"f%d.safetensors\"", i > 0 ? "," : "", i, i);
    snprintf(text + length, sizeof text - (size_t)length, "}}");
    write_text("a.json", text);
    expect_refusal("a.json", "more than 1024 files");
    write_tensors("one.safetensors", NAMES("a"), NULL);
    length =
        snprintf(text, sizeof text, "{\"weight_map\":{\"a\":\"one.safetensors\"},\"metadata\":{");
    for (int i = 0; i < 1100; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%s\"k%d\":\"\"",
                           i > 0 ? "," : "", i);
    snprintf(text + length, sizeof text - (size_t)length, "}}");
    write_text("a.json", text);
    expect_refusal("a.json", "more than 1024 metadata keys");
}

Test(formats_weights, refuses_too_many_tensors)
{
    rt_weights weights = {0};
    const rt_weights_entry entry = {.name = "a", .count = 1};
    for (int i = 0; i < 65536; i++) rt_test_ok(rt_weights_add(&weights, &entry));
    cr_expect_eq(rt_weights_add(&weights, &entry), RT_ERROR_INPUT);
    cr_expect_not_null(strstr(rt_error_message(), "more than 65536 tensors"));
    rt_weights_close(&weights);
}

Test(formats_weights, names_the_number_that_is_none)
{
    const float bad[6] = {0, 0, 0, 0.0f / 0.0f, 0, 0};
    rt_safetensors_writer writer = {0};
    rt_weights weights = {0};
    rt_test_ok(rt_safetensors_add(&writer, "x", RT_SAFETENSORS_F32, 1, (uint64_t[]){6}, bad));
    rt_test_ok(rt_safetensors_write(&writer, rt_test_path("a.safetensors"), NULL));
    rt_safetensors_writer_clear(&writer);
    rt_test_ok(rt_weights_open(&weights, rt_test_path("a.safetensors")));
    cr_expect_eq(rt_weights_check_finite(&weights), RT_ERROR_NUMERIC);
    cr_expect_not_null(strstr(rt_error_message(), "'x'"));
    cr_expect_not_null(strstr(rt_error_message(), "element 3"));
    rt_weights_close(&weights);
}
