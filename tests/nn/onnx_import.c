/* What the import of ONNX graphs refuses, and what it says then; how it simplifies. */

#include "common/nn/onnx/import.h"
#include "tests/formats/onnx_maker.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(nn_onnx_import, .timeout = 60);

static const rt_model_hints no_hints = {0};

/* Imports a file; its words are those of the status' message. */
static rt_status import_file(rt_onnx_network *imported, rt_onnx *model, rt_wire *file,
                             const rt_model_hints *hints)
{
    cr_assert_eq(rt_onnx_parse(model, file->data, file->size), RT_OK, "%s", rt_error_message());
    rt_buffer_clear(file);
    return rt_onnx_import(imported, model, hints);
}

static void expect_refusal(rt_wire *file, const char *words)
{
    rt_onnx model = {0};
    rt_onnx_network imported = {0};
    cr_assert_eq(import_file(&imported, &model, file, &no_hints), RT_ERROR_INPUT, "not refused: %s",
                 words);
    cr_assert_not_null(strstr(rt_error_message(), words), "'%s' is not in: %s", words,
                       rt_error_message());
    cr_assert(imported.arena.blocks == NULL && imported.parameters == NULL);
    rt_onnx_close(&model);
}

/* The right graph with one more node, of the image. */
static void refuse_node(const char *op, const char *inputs, rt_wire *attribute, const char *words)
{
    rt_onnx_parts parts;
    rt_wire node = {0}, file = {0};
    rt_onnx_make_parts(&parts);
    rt_onnx_make_node(&node, op, inputs, "x", attribute);
    rt_wire_message(&parts.graph, 1, &node);
    rt_onnx_make_file(&file, &parts);
    expect_refusal(&file, words);
}

static rt_wire ints(const char *name, const int64_t *values, uint32_t count)
{
    rt_wire attribute = {0};
    rt_onnx_make_ints(&attribute, name, values, count);
    return attribute;
}

#define INTS(name, ...)                                                                            \
    (attribute = ints((name), (const int64_t[]){__VA_ARGS__},                                      \
                      sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                   \
     &attribute)
#define INT(name, value) (attribute = ints((name), (const int64_t[]){value}, 0), &attribute)

Test(nn_onnx_import, names_what_it_cannot_do)
{
    rt_wire attribute = {0};
    refuse_node("NonMaxSuppression", "image", NULL,
                "node 'NonMaxSuppression' (NonMaxSuppression): Retort has no operator "
                "'NonMaxSuppression' (docs/models.md lists those it has); export");
    refuse_node("Relu", "image", INT("axis", 1), "its attribute 'axis' is unknown");
    refuse_node("Flatten", "image", INTS("axis", 1, 2), "its attribute 'axis' is unknown or of");
    refuse_node("Relu", "image image", NULL, "it has 2 inputs and 1 outputs; 1 to 1 inputs fit");
    refuse_node("MatMul", "image image", NULL, "attention");
    refuse_node("Conv", "image a", NULL, "its weights must be fixed numbers");
    refuse_node("Where", "a a a", NULL, "possible with fixed numbers only");
    refuse_node("Transpose", "image", INTS("perm", 1, 0, 2, 3), "moves the batch");
    refuse_node("Transpose", "image", INTS("perm", 0, 1, 1, 3), "names axis 1 twice");
    refuse_node("Concat", "image image", INT("axis", 0), "a larger batch");
    refuse_node("Concat", "image a", INT("axis", 2), "differ in more than axis 2");
    refuse_node("Concat", "image image", INT("axis", 4), "there is no axis 4 among 4");
    refuse_node("ReduceMean", "image", NULL, "over all axes");
    refuse_node("ReduceMean", "image", INTS("axes", 3), "some of an image's axes");
    refuse_node("Softmax", "image", INT("axis", 0), "over the batch");
    refuse_node("Flatten", "image", INT("axis", 2), "begin with the batch");
}

Test(nn_onnx_import, checks_what_it_computes_with)
{
    rt_wire attribute = {0};
    refuse_node("MaxPool", "image", INTS("kernel_shape", 9, 9), "its window is larger");
    refuse_node("MaxPool", "image", INTS("kernel_shape", 0, 1), "its kernel_shape have a 0");
    refuse_node("MaxPool", "image", INTS("kernel_shape", 3), "are 1 numbers");
    refuse_node("MaxPool", "image", NULL, "its kernel_shape have a 0");
    refuse_node("Conv", "image conv.weight", INTS("strides", 1, 2), "strides 1x2");
    refuse_node("Conv", "image conv.weight", INTS("pads", 1, 1, 1, -1), "its pads have a -1");
    refuse_node("Conv", "image conv.weight", INTS("dilations", 9, 9), "kernel is larger");
    refuse_node("Conv", "image conv.weight", INTS("kernel_shape", 3, 5), "kernel_shape says");
    refuse_node("Conv", "image conv.weight", INT("group", 2), "do not fit 2 channels in 2 groups");
    refuse_node("Conv", "image conv.weight", INT("group", 3), "3 groups do not divide 2");
    refuse_node("Conv", "a conv.weight", NULL, "do not fit 4 channels");
    refuse_node("Conv", "image fc.weight", NULL, "its weights have 2 dimensions");
    refuse_node("Conv", "image conv.weight fc.weight", NULL, "its bias has 12 numbers for 4");
    refuse_node("Gemm", "d fc.weight", NULL, "its weights are for 3 inputs, there are 4");
    refuse_node("Add", "image conv.bias", NULL, "dimensions 5 and 4 do not fit");
    refuse_node("Add", "a d", NULL, "4 and 2 dimensions");
    refuse_node("PRelu", "image conv.bias", NULL, "its slope of 4 numbers");
    refuse_node("ConvTranspose", "a conv.weight", INTS("pads", 0, 1, 0, 0), "one padding");
    refuse_node("BatchNormalization", "a conv.bias conv.bias conv.bias conv.bias",
                INT("training_mode", 1), "call model.eval()");
    refuse_node("BatchNormalization", "image conv.bias conv.bias conv.bias conv.bias", NULL,
                "its weight has 4 numbers for 2 channels");
}

/* A graph of these nodes alone: op, inputs, output. */
typedef const char *node_text[3];

static void make_graph(rt_wire *file, const node_text *nodes, size_t count)
{
    rt_onnx_parts parts = {.ir_version = 7, .opset = 13};
    rt_onnx_make_ends(&parts.graph);
    for (size_t i = 0; i < count; i++) {
        rt_wire node = {0};
        rt_onnx_make_node(&node, nodes[i][0], nodes[i][1], nodes[i][2], NULL);
        rt_wire_message(&parts.graph, 1, &node);
    }
    rt_wire tensor = {0};
    rt_onnx_make_tensor(&tensor, "scale", (int64_t[]){2, 1, 1, 0});
    rt_wire_message(&parts.graph, 5, &tensor);
    rt_onnx_make_tensor(&tensor, "fc.weight", (int64_t[]){2, 3, 0});
    rt_wire_message(&parts.graph, 5, &tensor);
    rt_onnx_make_file(file, &parts);
}

Test(nn_onnx_import, wants_one_image_and_logits)
{
    const node_text images[] = {{"Relu", "image", "logits"}};
    const node_text same[] = {{"Identity", "image", "logits"}};
    rt_wire file = {0};
    make_graph(&file, images, 1);
    expect_refusal(&file, "the graph's output 'logits' must be logits [N,classes]");
    make_graph(&file, same, 1);
    expect_refusal(&file, "must be logits");
}

/* Numbers that stand before everything else are the network's normalisation: (x * scale - scale),
 * scale 0.5 and 1. What nothing reads is not imported. */
Test(nn_onnx_import, finds_the_normalisation_and_drops_what_is_not_needed)
{
    const node_text nodes[] = {
        {"Mul", "image scale", "m"},     {"Sub", "m scale", "s"}, {"Sigmoid", "s", "unused"},
        {"GlobalAveragePool", "s", "p"}, {"Flatten", "p", "f"},   {"MatMul", "f fc.weight", "l"},
        {"Softmax", "l", "logits"},
    };
    rt_wire file = {0};
    rt_onnx model = {0};
    rt_onnx_network imported = {0};
    make_graph(&file, nodes, RT_COUNT(nodes));
    cr_assert_eq(import_file(&imported, &model, &file, &no_hints), RT_OK, "%s", rt_error_message());
    const rt_network_description *d = &imported.description;
    cr_assert(imported.normalised && imported.softmax_dropped && imported.batch_norm_count == 0);
    cr_assert(d->channels == 2 && d->height == 6 && d->width == 5 && d->classes == 3);
    cr_assert(d->mean[0] == 1 && d->mean[1] == 1 && d->std[0] == 2 && d->std[1] == 1);
    cr_assert_eq(imported.blueprint.layer_count, 2);
    cr_assert_eq(imported.blueprint.layers[0].kind, RT_LAYER_GLOBAL_AVERAGE_POOL);
    cr_assert_eq(imported.blueprint.layers[1].kind, RT_LAYER_LINEAR);
    cr_assert_str_eq(imported.blueprint.layers[1].name, "fc");
    cr_assert_eq(imported.parameter_count, 2);
    cr_assert_str_eq(imported.parameters[0].name, "fc.weight");
    cr_assert_eq(imported.parameters[0].values[1], 2.0f); /* [I,O] turned to [O,I] */
    rt_onnx_network_clear(&imported);
    rt_onnx_close(&model);
}

/* An image that is read twice is normalised only where it is: no part of the network's own. */
Test(nn_onnx_import, leaves_a_scaling_of_one_branch_where_it_is)
{
    const node_text nodes[] = {
        {"Mul", "image scale", "m"},         {"Add", "m image", "s"},
        {"GlobalAveragePool", "s", "p"},     {"Flatten", "p", "f"},
        {"MatMul", "f fc.weight", "logits"},
    };
    rt_wire file = {0};
    rt_onnx model = {0};
    rt_onnx_network imported = {0};
    make_graph(&file, nodes, RT_COUNT(nodes));
    cr_assert_eq(import_file(&imported, &model, &file, &no_hints), RT_OK, "%s", rt_error_message());
    cr_assert(!imported.normalised);
    cr_assert_eq(imported.blueprint.layers[0].kind, RT_LAYER_CONSTANT);
    cr_assert_eq(imported.blueprint.layers[1].kind, RT_LAYER_MULTIPLY);
    rt_onnx_network_clear(&imported);
    rt_onnx_close(&model);
}
