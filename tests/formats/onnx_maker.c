#include "tests/formats/onnx_maker.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void append(rt_wire *wire, const void *bytes, size_t size)
{
    if (rt_buffer_append(wire, bytes, size) != RT_OK) abort();
}

void rt_wire_varint(rt_wire *wire, uint64_t value)
{
    uint8_t bytes[10];
    size_t size = 0;
    do {
        bytes[size++] = (uint8_t)(value & 127) | (value > 127 ? 128 : 0);
        value >>= 7;
    } while (value > 0);
    append(wire, bytes, size);
}

void rt_wire_tag(rt_wire *wire, uint32_t field, uint32_t type)
{
    rt_wire_varint(wire, (uint64_t)field << 3 | type);
}

void rt_wire_number(rt_wire *wire, uint32_t field, uint64_t value)
{
    rt_wire_tag(wire, field, 0);
    rt_wire_varint(wire, value);
}

void rt_wire_bytes(rt_wire *wire, uint32_t field, const void *bytes, size_t size)
{
    rt_wire_tag(wire, field, 2);
    rt_wire_varint(wire, size);
    append(wire, bytes, size);
}

void rt_wire_text(rt_wire *wire, uint32_t field, const char *text)
{
    rt_wire_bytes(wire, field, text, strlen(text));
}

void rt_wire_message(rt_wire *wire, uint32_t field, rt_wire *part)
{
    rt_wire_bytes(wire, field, part->data, part->size);
    rt_buffer_clear(part);
}

void rt_onnx_make_tensor(rt_wire *tensor, const char *name, const int64_t *dims)
{
    float numbers[256];
    uint64_t count = 1;
    for (int i = 0; i < 4 && dims[i] != 0; i++) {
        rt_wire_number(tensor, 1, (uint64_t)dims[i]);
        count *= (uint64_t)dims[i];
    }
    cr_assert_leq(count, RT_COUNT(numbers));
    for (uint64_t i = 0; i < count; i++) numbers[i] = 0.5f * (float)(i + 1);
    rt_wire_number(tensor, 2, 1); /* FLOAT */
    rt_wire_text(tensor, 8, name);
    rt_wire_bytes(tensor, 9, numbers, count * sizeof *numbers);
}

void rt_onnx_make_ints(rt_wire *attribute, const char *name, const int64_t *ints, uint32_t count)
{
    rt_wire_text(attribute, 1, name);
    if (count == 0) rt_wire_number(attribute, 3, (uint64_t)ints[0]);
    for (uint32_t i = 0; i < count; i++) rt_wire_number(attribute, 8, (uint64_t)ints[i]);
    rt_wire_number(attribute, 20, count == 0 ? 2 : 7); /* INT, INTS */
}

void rt_onnx_make_node(rt_wire *node, const char *op, const char *inputs, const char *output,
                       rt_wire *attribute)
{
    while (*inputs != 0) {
        const size_t length = strcspn(inputs, " ");
        rt_wire_bytes(node, 1, inputs, length);
        inputs += length + (inputs[length] == ' ');
    }
    rt_wire_text(node, 2, output);
    rt_wire_text(node, 3, op); /* its name, too */
    rt_wire_text(node, 4, op);
    if (attribute != NULL) rt_wire_message(node, 5, attribute);
}

/* ValueInfoProto of floats; a dimension of 0 is left open. */
static void make_value(rt_wire *graph, uint32_t field, const char *name, const int64_t *dims,
                       uint32_t rank)
{
    rt_wire shape = {0}, tensor = {0}, type = {0}, value = {0};
    for (uint32_t i = 0; i < rank; i++) {
        rt_wire dimension = {0};
        if (dims[i] > 0)
            rt_wire_number(&dimension, 1, (uint64_t)dims[i]);
        else
            rt_wire_text(&dimension, 2, "N");
        rt_wire_message(&shape, 1, &dimension);
    }
    rt_wire_number(&tensor, 1, 1);
    rt_wire_message(&tensor, 2, &shape);
    rt_wire_message(&type, 1, &tensor);
    rt_wire_text(&value, 1, name);
    rt_wire_message(&value, 2, &type);
    rt_wire_message(graph, field, &value);
}

void rt_onnx_make_ends(rt_wire *graph)
{
    make_value(graph, 11, "image", (int64_t[]){0, 2, 6, 5}, 4);
    make_value(graph, 12, "logits", (int64_t[]){0, 3}, 2);
}

static void add_tensor(rt_wire *graph, const char *name, const int64_t *dims)
{
    rt_wire tensor = {0};
    rt_onnx_make_tensor(&tensor, name, dims);
    rt_wire_message(graph, 5, &tensor);
}

static void add_node(rt_wire *graph, const char *op, const char *inputs, const char *output,
                     rt_wire *attribute)
{
    rt_wire node = {0};
    rt_onnx_make_node(&node, op, inputs, output, attribute);
    rt_wire_message(graph, 1, &node);
}

void rt_onnx_make_parts(rt_onnx_parts *parts)
{
    rt_wire pads = {0}, axis = {0}, transposed = {0};
    *parts = (rt_onnx_parts){.ir_version = 7, .opset = 13};
    rt_onnx_make_ints(&pads, "pads", (int64_t[]){1, 1, 1, 1}, 4);
    rt_onnx_make_ints(&axis, "axis", (int64_t[]){1}, 0);
    rt_onnx_make_ints(&transposed, "transB", (int64_t[]){1}, 0);
    rt_onnx_make_ends(&parts->graph);
    add_tensor(&parts->graph, "conv.weight", (int64_t[]){4, 2, 3, 3});
    add_tensor(&parts->graph, "conv.bias", (int64_t[]){4, 0});
    add_tensor(&parts->graph, "fc.weight", (int64_t[]){3, 4, 0});
    add_node(&parts->graph, "Conv", "image conv.weight conv.bias", "a", &pads);
    add_node(&parts->graph, "Relu", "a", "b", NULL);
    add_node(&parts->graph, "GlobalAveragePool", "b", "c", NULL);
    add_node(&parts->graph, "Flatten", "c", "d", &axis);
    add_node(&parts->graph, "Gemm", "d fc.weight", "logits", &transposed);
}

void rt_onnx_make_file(rt_wire *file, rt_onnx_parts *parts)
{
    if (parts->ir_version > 0) rt_wire_number(file, 1, parts->ir_version);
    if (parts->opset > 0) {
        rt_wire set = {0};
        rt_wire_text(&set, 1, "");
        rt_wire_number(&set, 2, parts->opset);
        rt_wire_message(file, 8, &set);
    }
    append(file, parts->model.data, parts->model.size);
    rt_buffer_clear(&parts->model);
    rt_wire_message(file, 7, &parts->graph);
}
