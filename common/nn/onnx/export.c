#include "common/nn/onnx/export.h"

#include "common/nn/onnx/export_private.h"

#include "common/ops/conv2d.h"
#include "common/ops/reshape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The image whose flattening the linear layer reads; NULL: it reads something else. */
static const rt_tensor *flattened(const rt_node *node)
{
    if (node->operator_ != &rt_conv2d_operator ||
        rt_export_parameter(node->inputs[1])->layout != RT_LAYOUT_LINEAR_FROM_IMAGE)
        return NULL;
    const rt_node *before = node->inputs[0]->producer;
    return before != NULL && before->operator_ == &rt_reshape_operator ? before->inputs[0] : NULL;
}

const rt_tensor *rt_export_read(const rt_node *node, uint32_t i)
{
    const rt_tensor *image = flattened(node);
    if (image == NULL) image = rt_export_softmax_image(node);
    return i == 0 && image != NULL ? image : node->inputs[i];
}

/* Room for all tensors of the graph; what the logits depend on is needed. */
static rt_status find_needed(rt_exporter *ex, const rt_graph *graph, const rt_tensor *logits)
{
    const uint32_t count = rt_graph_node_count(graph);
    uint32_t largest = logits->id;
    for (uint32_t i = 0; i < count; i++) {
        const rt_node *node = rt_graph_node(graph, i);
        for (uint32_t k = 0; k < node->input_count; k++)
            if (node->inputs[k] != NULL && node->inputs[k]->id > largest)
                largest = node->inputs[k]->id;
        for (uint32_t k = 0; k < node->output_count; k++)
            if (node->outputs[k]->id > largest) largest = node->outputs[k]->id;
    }
    RT_TRY(RT_ALLOC(ex->values, largest + 1));
    RT_TRY(RT_ALLOC(ex->needed, largest + 1));
    ex->needed[logits->id] = true;
    for (uint32_t i = count; i > 0; i--) {
        const rt_node *node = rt_graph_node(graph, i - 1);
        if (!ex->needed[node->outputs[0]->id]) continue;
        for (uint32_t k = 0; k < node->input_count; k++)
            if (node->inputs[k] != NULL) ex->needed[rt_export_read(node, k)->id] = true;
    }
    return RT_OK;
}

static rt_status translate(rt_exporter *ex, const rt_node *node)
{
    const rt_export_row *row = rt_export_find(node->operator_);
    if (row == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' uses the operator '%s', which has no form in ONNX here; write the "
                       "model as safetensors",
                       node->label, node->operator_->name);
    ex->node = node;
    return row->translate(ex);
}

static rt_status translate_all(rt_exporter *ex, const rt_graph *graph, const rt_tensor *images,
                               const rt_tensor *logits)
{
    const rt_network_description *d = ex->description;
    const char *value;
    uint32_t number;
    RT_TRY(rt_onnx_set_graph_name(ex->writer, d->arch));
    RT_TRY(find_needed(ex, graph, logits));
    RT_TRY(rt_names_add(&ex->names, "image", &number));
    ex->values[images->id][RT_EXPORT_IMAGE] = "image";
    RT_TRY(rt_onnx_add_input(ex->writer, "image", 4,
                             (int64_t[]){RT_ONNX_DYNAMIC, d->channels, d->height, d->width}));
    for (uint32_t i = 0; i < rt_graph_node_count(graph); i++) {
        const rt_node *node = rt_graph_node(graph, i);
        if (ex->needed[node->outputs[0]->id]) RT_TRY(translate(ex, node));
    }
    RT_TRY(rt_export_flat(ex, logits, &value));
    return rt_onnx_set_output(ex->writer, value, "logits", 2,
                              (int64_t[]){RT_ONNX_DYNAMIC, d->classes});
}

static rt_status add_numbers(rt_onnx_writer *writer, const char *key, const float *numbers,
                             uint32_t count)
{
    char text[128] = "";
    size_t length = 0;
    for (uint32_t i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%.9g", i > 0 ? " " : "",
                                   (double)numbers[i]);
    return rt_onnx_add_metadata(writer, key, text);
}

static int compare_notes(const void *left, const void *right)
{
    return strcmp(((const rt_model_note *)left)->key, ((const rt_model_note *)right)->key);
}

static rt_status add_notes(rt_exporter *ex, const rt_model_note *notes, size_t count)
{
    rt_model_note *sorted = rt_arena_alloc(&ex->arena, count, sizeof *sorted);
    if (sorted == NULL) return RT_ERROR_MEMORY;
    if (count > 0) memcpy(sorted, notes, count * sizeof *notes);
    qsort(sorted, count, sizeof *sorted, compare_notes);
    for (size_t i = 0; i < count; i++) {
        const char *key = rt_arena_printf(&ex->arena, "retort.%s", sorted[i].key);
        if (key == NULL) return RT_ERROR_MEMORY;
        RT_TRY(rt_onnx_add_metadata(ex->writer, key, sorted[i].value));
    }
    return RT_OK;
}

static rt_status add_metadata(rt_exporter *ex)
{
    const rt_network_description *d = ex->description;
    char classes[16];
    snprintf(classes, sizeof classes, "%u", d->classes);
    RT_TRY(rt_onnx_add_metadata(ex->writer, "retort.arch", d->arch));
    RT_TRY(rt_onnx_add_metadata(ex->writer, "retort.classes", classes));
    RT_TRY(add_numbers(ex->writer, "retort.mean", d->mean, d->channels));
    RT_TRY(add_numbers(ex->writer, "retort.std", d->std, d->channels));
    RT_TRY(rt_onnx_add_metadata(ex->writer, "retort.normalised", "inside"));
    return rt_onnx_add_metadata(ex->writer, "retort.version", RT_VERSION);
}

/* The network in a graph of its own: one image stands for any number. */
static rt_status export_network(rt_exporter *ex, rt_network *network)
{
    rt_status status = RT_OK;
    rt_graph *graph = NULL;
    rt_network_outputs *outputs = NULL;
    const rt_network_description *d = ex->description;
    RT_TRY_DONE(rt_graph_create(&graph));
    RT_TRY_DONE(RT_ALLOC(outputs, 1));
    rt_tensor *images =
        rt_graph_input(graph, "images", (rt_shape){1, d->height, d->width, d->channels});
    rt_network_apply(network, graph, "network", images, &(rt_apply_options){0}, outputs);
    RT_TRY_DONE(rt_graph_status(graph));
    RT_TRY_DONE(translate_all(ex, graph, images, outputs->logits));
done:
    rt_free(outputs);
    rt_graph_free(graph);
    return status;
}

rt_status rt_onnx_write(rt_network *network, rt_onnx_numbers numbers, const rt_model_note *notes,
                        size_t note_count, const char *path, char sha256[RT_SHA256_TEXT])
{
    rt_status status = RT_OK;
    rt_exporter ex = {.description = rt_network_describe(network), .numbers = numbers};
    RT_TRY_DONE(rt_onnx_writer_create(&ex.writer));
    RT_TRY_DONE(export_network(&ex, network));
    RT_TRY_DONE(add_metadata(&ex));
    RT_TRY_DONE(add_notes(&ex, notes, note_count));
    RT_TRY_DONE(rt_onnx_writer_save(ex.writer, path, sha256));
done:
    rt_onnx_writer_free(ex.writer);
    rt_names_clear(&ex.names);
    rt_free(ex.values);
    rt_free(ex.needed);
    rt_arena_clear(&ex.arena);
    return status;
}
