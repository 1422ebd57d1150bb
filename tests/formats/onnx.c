/* The ONNX reader: a right file, and files that each break one rule. */

#include "common/formats/onnx/onnx.h"
#include "tests/formats/onnx_maker.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(formats_onnx, .timeout = 60);

Test(formats_onnx, reads_nodes_tensors_and_names)
{
    rt_onnx_parts parts;
    rt_wire file = {0}, entry = {0};
    rt_onnx model = {0};
    rt_onnx_make_parts(&parts);
    rt_wire_text(&entry, 1, "retort.normalised");
    rt_wire_text(&entry, 2, "inside");
    rt_wire_message(&parts.model, 14, &entry);
    rt_onnx_make_file(&file, &parts);
    cr_assert(rt_onnx_is(file.data, file.size));
    cr_assert_eq(rt_onnx_parse(&model, file.data, file.size), RT_OK, "%s", rt_error_message());
    cr_assert(model.ir_version == 7 && model.opset == 13);
    cr_assert(model.node_count == 5 && model.initializer_count == 3 && model.input_count == 1);
    cr_assert_str_eq(model.nodes[0].op, "Conv");
    cr_assert(model.nodes[0].input_count == 3 && model.nodes[0].inputs[1] == 0);
    cr_assert_str_eq(model.value_names[model.nodes[0].inputs[0]], "image");
    cr_assert_eq(model.nodes[1].inputs[0], model.nodes[0].outputs[0]);
    cr_assert_eq(model.outputs[0], model.nodes[4].outputs[0]);
    const rt_onnx_attribute *pads = &model.nodes[0].attributes[0];
    cr_assert(pads->type == RT_ONNX_INTS && pads->count == 4 && pads->ints[3] == 1);
    const rt_onnx_tensor *weight = &model.initializers[0];
    cr_assert_str_eq(weight->name, "conv.weight");
    cr_assert(!weight->whole && weight->rank == 4 && weight->count == 72 && weight->dims[1] == 2);
    cr_assert_eq(weight->floats[71], 36.0f);
    cr_assert(model.inputs[0].rank == 4 && model.inputs[0].dims[0] == RT_ONNX_DYNAMIC &&
              model.inputs[0].dims[3] == 5 && model.inputs[0].floats);
    cr_assert_str_eq(rt_onnx_metadata(&model, "retort.normalised"), "inside");
    cr_assert_null(rt_onnx_metadata(&model, "retort"));
    rt_onnx_close(&model);
    rt_buffer_clear(&file);
}

/* Every type of number, as raw bytes and in its typed field, reads as what it stands for. */
Test(formats_onnx, reads_every_type_of_number)
{
    static const struct {
        uint32_t type, field, size; ///< raw bytes a number
        bool whole;
        uint64_t raw, typed;
    } types[] = {
        {2, 5, 1, true, 7, 7},
        {3, 5, 1, true, 0xf9, (uint64_t)-7},
        {4, 5, 2, true, 7, 7},
        {5, 5, 2, true, 0xfff9, (uint64_t)-7},
        {6, 5, 4, true, 0xfffffff9, (uint64_t)-7},
        {7, 7, 8, true, (uint64_t)-7, (uint64_t)-7},
        {9, 5, 1, true, 1, 1},
        {12, 11, 4, true, 7, 7},
        {13, 11, 8, true, 7, 7},
        {10, 5, 2, false, 0xc700, 0xc700},
        {16, 5, 2, false, 0xc0e0, 0xc0e0},
    };
    for (size_t i = 0; i < 2 * RT_COUNT(types); i++) {
        rt_onnx_parts parts;
        rt_wire file = {0}, tensor = {0};
        rt_onnx model = {0};
        const size_t k = i / 2;
        rt_onnx_make_parts(&parts);
        rt_wire_number(&tensor, 2, types[k].type);
        rt_wire_text(&tensor, 8, "t");
        if (i % 2 == 0)
            rt_wire_bytes(&tensor, 9, &types[k].raw, types[k].size);
        else
            rt_wire_number(&tensor, types[k].field, types[k].typed);
        rt_wire_message(&parts.graph, 5, &tensor);
        rt_onnx_make_file(&file, &parts);
        cr_assert_eq(rt_onnx_parse(&model, file.data, file.size), RT_OK, "%u: %s", types[k].type,
                     rt_error_message());
        const rt_onnx_tensor *t = &model.initializers[3];
        cr_assert(t->whole == types[k].whole && t->rank == 0 && t->count == 1);
        const double expected = types[k].type == 9 ? 1 : types[k].typed == 7 ? 7 : -7;
        cr_assert_eq(t->whole ? (double)t->wholes[0] : (double)t->floats[0], expected, "type %u",
                     types[k].type);
        rt_onnx_close(&model);
        rt_buffer_clear(&file);
    }
}

static void refuse_bytes(const rt_wire *file, const char *words)
{
    rt_onnx model = {0};
    cr_assert_eq(rt_onnx_parse(&model, file->data, file->size), RT_ERROR_INPUT, "not refused: %s",
                 words);
    cr_assert_not_null(strstr(rt_error_message(), words), "'%s' is not in: %s", words,
                       rt_error_message());
    cr_assert(model.arena.blocks == NULL);
}

/* The right file with something added to its graph (or, field 0, to the model) or spoilt. */
static void refuse(uint32_t field, rt_wire *part, const char *words)
{
    rt_onnx_parts parts;
    rt_wire file = {0};
    rt_onnx_make_parts(&parts);
    if (field > 0)
        rt_wire_message(&parts.graph, field, part);
    else
        cr_assert_eq(rt_buffer_append(&parts.model, part->data, part->size), RT_OK);
    rt_buffer_clear(part);
    rt_onnx_make_file(&file, &parts);
    refuse_bytes(&file, words);
    rt_buffer_clear(&file);
}

#define RAW(bytes)                                                                                 \
    {                                                                                              \
        .data = (uint8_t *)(bytes), .size = sizeof(bytes) - 1                                      \
    }

/* Rule 2: the wire format. */
Test(formats_onnx, refuses_a_broken_wire_format)
{
    const rt_wire wrong[] = {
        RAW("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), /* 11 bytes */
        RAW("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),     /* 65 bits */
        RAW("\x08\x80"),                                         /* cut off */
        RAW("\x3a\x05\x0a"),                                     /* longer than the file */
        RAW("\x3a\x03\x0a\x05\x12"),                             /* longer than its parent */
        RAW("\x0b\x0c"),                                         /* a group */
        RAW("\x0e\x00"),                                         /* wire type 6 */
        RAW("\x0a\x01\x37"),                                     /* ir_version as bytes */
        RAW("\x00\x01"),                                         /* field 0 */
        RAW("\x08\x07\x08\x07"),                                 /* ir_version twice */
        RAW("\x3a\x00\x3a\x00"),                                 /* two graphs: two models in one */
        RAW("\x3a\x07\x0a\x05\x2a\x03\x3a\x01\x00"),             /* 1 byte of a float list */
        RAW("\x12\x03\x61\x00\x62"),                             /* a zero byte in a string */
    };
    static const char *const words[] = {"more than 64 bits",
                                        "more than 64 bits",
                                        "ends too late",
                                        "beyond what it is part of",
                                        "beyond what it is part of",
                                        "not of its type",
                                        "not of its type",
                                        "not of its type",
                                        "no such field",
                                        "twice",
                                        "twice",
                                        "middle of one",
                                        "zero byte"};
    for (size_t i = 0; i < RT_COUNT(wrong); i++) refuse_bytes(&wrong[i], words[i]);
    /* Unknown fields are skipped, but not those of a wire type that does not exist. */
    const rt_wire unknown = RAW("\xfb\x01\x00");
    refuse_bytes(&unknown, "groups");
}

Test(formats_onnx, refuses_what_would_take_memory)
{
    /* 101 messages inside each other: sequences of sequences of types */
    rt_wire inner = {0};
    for (int i = 0; i < 60; i++) {
        rt_wire sequence = {0}, type = {0};
        rt_wire_message(&sequence, 1, &inner);
        rt_wire_message(&type, 4, &sequence);
        inner = type;
    }
    rt_wire value = {0};
    rt_wire_message(&value, 2, &inner);
    refuse(13, &value, "more than 100 deep");
    /* messages of two bytes */
    rt_wire many = {0}, graph = {0};
    for (int i = 0; i < 200001; i++) rt_wire_bytes(&graph, 1, "", 0);
    rt_wire_message(&many, 7, &graph);
    refuse_bytes(&many, "more than 200000 parts");
    rt_buffer_clear(&many);
    for (int i = 0; i < 1000001; i++) rt_wire_bytes(&many, 31, "", 0);
    refuse_bytes(&many, "more than 1000000");
    rt_buffer_clear(&many);
    char *text = calloc(1, (1 << 20) + 2);
    memset(text, 'x', (1 << 20) + 1);
    rt_wire name = {0};
    rt_wire_text(&name, 2, text);
    refuse(0, &name, "more than 1 MiB");
    free(text);
}

/* Rule 3: what Retort cannot use. */
Test(formats_onnx, refuses_other_kinds_of_models)
{
    rt_wire part = {0}, attribute = {0};
    rt_wire_bytes(&part, 25, "", 0);
    refuse(0, &part, "a function");
    rt_wire_bytes(&part, 20, "", 0);
    refuse(0, &part, "training_info");
    refuse(15, &part, "sparse");
    rt_wire_text(&attribute, 1, "then_branch");
    rt_wire_bytes(&attribute, 6, "", 0);
    rt_onnx_make_node(&part, "If", "image", "x", &attribute);
    refuse(1, &part, "a graph inside a node");
    rt_onnx_make_node(&part, "Relu", "image", "x", NULL);
    rt_wire_text(&part, 7, "com.microsoft");
    refuse(1, &part, "of the operators 'com.microsoft'");
    rt_wire set = {0};
    rt_wire_number(&set, 2, 13);
    rt_wire_message(&part, 8, &set);
    refuse(0, &part, "2 versions");
}

static void refuse_versions(uint64_t ir_version, uint64_t opset, const char *words)
{
    rt_onnx_parts parts;
    rt_wire file = {0};
    rt_onnx_make_parts(&parts);
    parts.ir_version = ir_version;
    parts.opset = opset;
    rt_onnx_make_file(&file, &parts);
    refuse_bytes(&file, words);
    rt_buffer_clear(&file);
}

Test(formats_onnx, refuses_other_versions)
{
    refuse_versions(2, 13, "ir_version is 2; 3 to 13");
    refuse_versions(99, 13, "ir_version is 99");
    refuse_versions(0, 13, "ir_version is 0");
    refuse_versions(7, 8, "opset 8; 9 to 23 can be read: export it again");
    refuse_versions(7, 24, "opset 24");
    refuse_versions(7, 0, "0 versions");
}

/* Rules 4 and 5: tensors. Each begins as a float tensor "t" of 2 numbers. */
typedef struct tensor_rule {
    const char *words;
    int64_t dims[9];
    uint32_t type;         ///< 0: left out
    uint32_t raw;          ///< bytes of raw_data
    uint32_t floats, ints; ///< numbers in float_data and int64_data
    bool external, segment;
} tensor_rule;

Test(formats_onnx, refuses_wrong_tensors)
{
    static const tensor_rule rules[] = {
        {"has the dimension -1", {-1, 0}, 1, 8, 0, 0, false, false},
        {"has 9 dimensions", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 1, 4, 0, 0, false, false},
        {"overflows", {1ll << 40, 1ll << 40, 0}, 1, 8, 0, 0, false, false},
        {"has 8 bytes where its shape needs 12", {3, 0}, 1, 8, 0, 0, false, false},
        {"has 7 bytes", {2, 0}, 1, 7, 0, 0, false, false},
        {"has 1 numbers where its shape needs 2", {2, 0}, 1, 0, 1, 0, false, false},
        {"has 0 numbers", {2, 0}, 1, 0, 0, 0, false, false},
        {"two places", {2, 0}, 1, 8, 2, 0, false, false},
        {"two places", {2, 0}, 1, 0, 0, 2, false, false},
        {"type 8", {2, 0}, 8, 8, 0, 0, false, false},
        {"type 0", {2, 0}, 0, 8, 0, 0, false, false},
        {"another file", {2, 0}, 1, 8, 0, 0, true, false},
        {"segment", {2, 0}, 1, 8, 0, 0, false, true},
    };
    for (size_t i = 0; i < RT_COUNT(rules); i++) {
        const tensor_rule *r = &rules[i];
        rt_wire tensor = {0}, entry = {0};
        static const uint8_t zeros[16];
        for (int d = 0; d < 9 && r->dims[d] != 0; d++)
            rt_wire_number(&tensor, 1, (uint64_t)r->dims[d]);
        if (r->type > 0) rt_wire_number(&tensor, 2, r->type);
        rt_wire_text(&tensor, 8, "t");
        if (r->raw > 0) rt_wire_bytes(&tensor, 9, zeros, r->raw);
        if (r->floats > 0) rt_wire_bytes(&tensor, 4, zeros, 4 * r->floats);
        if (r->ints > 0) rt_wire_bytes(&tensor, 7, zeros, r->ints);
        if (r->segment) rt_wire_bytes(&tensor, 3, "", 0);
        if (r->external) {
            rt_wire_text(&entry, 1, "location");
            rt_wire_text(&entry, 2, "../../etc/passwd");
            rt_wire_message(&tensor, 13, &entry);
        }
        refuse(5, &tensor, r->words);
    }
    /* data_location alone is enough */
    rt_wire tensor = {0};
    rt_onnx_make_tensor(&tensor, "t", (int64_t[]){2, 0});
    rt_wire_number(&tensor, 14, 1);
    refuse(5, &tensor, "another file");
}

/* Rule 6: the graph. */
Test(formats_onnx, refuses_wrong_graphs)
{
    rt_wire part = {0}, attribute = {0};
    rt_onnx_make_node(&part, "Relu", "nowhere", "x", NULL);
    refuse(1, &part, "reads 'nowhere', which nothing before it makes");
    rt_onnx_make_node(&part, "Relu", "x", "x", NULL); /* a cycle */
    refuse(1, &part, "reads 'x'");
    rt_onnx_make_node(&part, "Relu", "image", "a", NULL);
    refuse(1, &part, "the name 'a' is given twice");
    rt_onnx_make_tensor(&part, "conv.weight", (int64_t[]){2, 0});
    refuse(5, &part, "the name 'conv.weight' is given twice");
    rt_wire_text(&part, 1, "nowhere");
    refuse(12, &part, "the graph's output reads 'nowhere'");
    rt_wire_text(&part, 1, "second");
    refuse(11, &part, "no tensor with a shape");
    rt_onnx_make_ints(&attribute, "axis", (int64_t[]){1}, 0);
    rt_wire_message(&part, 5, &attribute);
    rt_onnx_make_ints(&attribute, "axis", (int64_t[]){1}, 0);
    rt_onnx_make_node(&part, "Flatten", "image", "x", &attribute);
    refuse(1, &part, "attribute 'axis' of node 'Flatten' is there twice");
    rt_wire_text(&attribute, 1, "axis");
    rt_wire_number(&attribute, 3, 1);
    rt_wire_number(&attribute, 20, 1); /* FLOAT, with a whole number */
    rt_onnx_make_node(&part, "Flatten", "image", "x", &attribute);
    refuse(1, &part, "no type that can be read, or a value of another");
    rt_wire file = {0};
    rt_wire_number(&file, 1, 7);
    refuse_bytes(&file, "0 versions");
    rt_buffer_clear(&file);
}

Test(formats_onnx, refuses_a_file_cut_at_every_byte)
{
    rt_onnx_parts parts;
    rt_wire file = {0};
    rt_onnx_make_parts(&parts);
    rt_onnx_make_file(&file, &parts);
    for (size_t size = 0; size < file.size; size++) {
        rt_onnx model = {0};
        uint8_t *exact = malloc(size + 1); /* so that a sanitizer sees a byte too many */
        memcpy(exact, file.data, size);
        cr_assert_neq(rt_onnx_parse(&model, exact, size), RT_OK, "%zu bytes", size);
        free(exact);
    }
    rt_buffer_clear(&file);
}

Test(formats_onnx, knows_its_files_by_their_content)
{
    rt_onnx_parts parts;
    rt_wire file = {0};
    const char *path = rt_test_path("model.bin");
    rt_onnx_make_parts(&parts);
    rt_onnx_make_file(&file, &parts);
    rt_test_write(path, file.data, file.size);
    cr_assert(rt_onnx_is_file(path));
    cr_assert_not(rt_onnx_is_file(rt_test_path("missing")));
    cr_assert_not(rt_onnx_is("\x08\x00\x00\x00\x00\x00\x00\x00{}", 10)); /* safetensors */
    cr_assert_not(rt_onnx_is("PK\3\4", 4));
    cr_assert_not(rt_onnx_is("\x80\x02\x8a", 3)); /* a pickle */
    cr_assert_not(rt_onnx_is("\x08\x07", 2));
    rt_onnx model = {0};
    cr_assert_eq(rt_onnx_open(&model, path, false), RT_OK, "%s", rt_error_message());
    rt_onnx_close(&model);
    rt_buffer_clear(&file);
}
