#include "common/nn/onnx/import_private.h"

#include <math.h>
#include <string.h>

enum { OPEN_BATCH = 7919, LARGEST_SIDE = 4096 };

/* Whether the node's attributes are those of the row: "group=i pads=I auto_pad=s". */
static rt_status check_attributes(const rt_onnx_node *node, const rt_import_row *row)
{
    static const char letters[] = {
        [RT_ONNX_FLOAT] = 'f',  [RT_ONNX_INT] = 'i',    [RT_ONNX_STRING] = 's',
        [RT_ONNX_TENSOR] = 't', [RT_ONNX_FLOATS] = 'F', [RT_ONNX_INTS] = 'I',
        [RT_ONNX_STRINGS] = 'S'};
    for (uint32_t i = 0; i < node->attribute_count; i++) {
        const rt_onnx_attribute *attribute = &node->attributes[i];
        const size_t length = strlen(attribute->name);
        const char *at = row->attributes;
        while (*at != 0 && !(strncmp(at, attribute->name, length) == 0 && at[length] == '=')) {
            at += strcspn(at, " ");
            at += *at == ' ';
        }
        if (*at == 0 || at[length + 1] != letters[attribute->type])
            return rt_fail(RT_ERROR_INPUT, "its attribute '%s' is unknown or of another type",
                           attribute->name);
    }
    return RT_OK;
}

static rt_status check_node(const rt_importer *im, const rt_import_row *row)
{
    const rt_onnx_node *node = im->node;
    if (row == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "Retort has no operator '%s' (docs/models.md lists those it has); export "
                       "the network with this part written in other operators",
                       node->op);
    if (node->input_count < row->least_inputs || node->input_count > row->most_inputs ||
        node->output_count < 1)
        return rt_fail(RT_ERROR_INPUT, "it has %u inputs and %u outputs; %u to %u inputs fit",
                       node->input_count, node->output_count, row->least_inputs, row->most_inputs);
    for (uint32_t i = 0; i < row->least_inputs; i++)
        if (!rt_import_has(im, i))
            return rt_fail(RT_ERROR_INPUT, "its input %u is left out", i + 1);
    return check_attributes(node, row);
}

static bool all_fixed(const rt_importer *im)
{
    for (uint32_t i = 0; i < im->node->input_count; i++)
        if (rt_import_has(im, i) && rt_import_input(im, i)->constant == NULL) return false;
    return true;
}

static rt_status import_known(rt_importer *im, const rt_import_row *row)
{
    if (row->any) return row->lower(im);
    if (!all_fixed(im)) {
        if (row->lower != NULL) return row->lower(im);
        return rt_fail(RT_ERROR_INPUT,
                       "it is possible with fixed numbers only; export the network with this part "
                       "written in other operators");
    }
    bool done = false;
    RT_TRY(rt_import_fold(im, &done));
    if (done) return RT_OK;
    return rt_fail(RT_ERROR_INPUT, "it works on fixed numbers alone, and Retort does not compute "
                                   "it beforehand; simplify the model first (onnx-simplifier)");
}

static rt_status import_node(rt_importer *im, const rt_onnx_node *node)
{
    im->node = node;
    const rt_import_row *row = rt_import_find(node->op);
    rt_status status = check_node(im, row);
    if (status == RT_OK) status = import_known(im, row);
    for (uint32_t i = 0; i < node->output_count && status == RT_OK; i++)
        if (node->outputs[i] != RT_ONNX_NO_VALUE && im->uses[node->outputs[i]] > 0 &&
            !im->values[node->outputs[i]].known)
            status =
                rt_fail(RT_ERROR_INPUT, "its output %u is used, which Retort does not make", i + 1);
    if (status == RT_ERROR_INPUT)
        rt_error_prefix("node '%s' (%s): ", *node->name != 0 ? node->name : "without a name",
                        node->op);
    return status;
}

/* What stands in the file, or what the user says where the file leaves it open. */
static rt_status image_side(int64_t given, uint32_t hint, const char *what, uint32_t *side)
{
    if (given == RT_ONNX_DYNAMIC && hint == 0)
        return rt_fail(RT_ERROR_INPUT,
                       "the graph leaves the image's %s open; give --%s (in a config "
                       "teacher_%s)",
                       what, what, what);
    *side = given == RT_ONNX_DYNAMIC ? hint : (uint32_t)given;
    if (*side > LARGEST_SIDE)
        return rt_fail(RT_ERROR_INPUT, "an image of %s %u is too large; at most %d", what, *side,
                       LARGEST_SIDE);
    return RT_OK;
}

static rt_status read_image(rt_importer *im, const rt_model_hints *hints)
{
    const rt_onnx *model = im->model;
    rt_network_description *d = &im->result->description;
    if (model->input_count != 1)
        return rt_fail(RT_ERROR_INPUT, "the graph has %u inputs; a classifier has one, the image",
                       model->input_count);
    const rt_onnx_input *input = &model->inputs[0];
    if (input->rank != 4 || !input->floats)
        return rt_fail(RT_ERROR_INPUT, "the graph's input '%s' must be images [N,C,H,W] of floats",
                       model->value_names[input->value]);
    RT_TRY(image_side(input->dims[1], hints->channels, "channels", &d->channels));
    RT_TRY(image_side(input->dims[2], hints->height, "height", &d->height));
    RT_TRY(image_side(input->dims[3], hints->width, "width", &d->width));
    if (d->channels > RT_COUNT(d->mean))
        return rt_fail(RT_ERROR_INPUT,
                       "the graph's input '%s' has %u channels; images have 1 to 4 and stand in "
                       "the order [N,C,H,W]",
                       model->value_names[input->value], d->channels);
    im->batch = input->dims[0] == RT_ONNX_DYNAMIC ? OPEN_BATCH : input->dims[0];
    im->shapes[0] = (rt_import_shape){d->height, d->width, d->channels};
    im->values[input->value] = (rt_import_value){
        .known = true, .rank = 4, .dims = {im->batch, d->channels, d->height, d->width}};
    for (uint32_t c = 0; c < RT_COUNT(im->image_scale); c++) im->image_scale[c] = 1;
    return RT_OK;
}

static rt_status count_uses(rt_importer *im)
{
    const rt_onnx *model = im->model;
    for (uint32_t i = 0; i < model->node_count; i++)
        for (uint32_t k = 0; k < model->nodes[i].input_count; k++)
            if (model->nodes[i].inputs[k] != RT_ONNX_NO_VALUE)
                im->uses[model->nodes[i].inputs[k]]++;
    im->uses[model->outputs[0]]++;
    return RT_OK;
}

static rt_status read_output(rt_importer *im, uint32_t *logits)
{
    rt_import_value *value = &im->values[im->model->outputs[0]];
    const char *name = im->model->value_names[im->model->outputs[0]];
    if (value->constant != NULL || rt_import_numbers(value) != (uint64_t)value->dims[1])
        return rt_fail(RT_ERROR_INPUT,
                       "the graph's output '%s' must be logits [N,classes]; a classifier gives one "
                       "number a class",
                       name);
    RT_TRY(rt_import_layer_of(im, value, logits));
    if (*logits == 0) return rt_fail(RT_ERROR_INPUT, "the graph's output '%s' is its input", name);
    const rt_blueprint_layer *last = &im->layers[*logits - 1];
    if (last->kind == RT_LAYER_SOFTMAX || last->kind == RT_LAYER_LOG_SOFTMAX) {
        im->result->softmax_dropped = true;
        *logits = last->inputs[0];
    }
    if (*logits == 0) return rt_fail(RT_ERROR_INPUT, "the graph computes nothing but a softmax");
    im->result->description.classes = im->shapes[*logits].c;
    return RT_OK;
}

/* scale * x + shift = (x - mean) / std. */
static void set_normalisation(rt_importer *im)
{
    rt_network_description *d = &im->result->description;
    const char *inside = rt_onnx_metadata(im->model, "retort.normalised");
    im->result->normalised =
        im->image_normalised || (inside != NULL && strcmp(inside, "inside") == 0);
    for (uint32_t c = 0; c < d->channels && im->result->normalised; c++) {
        d->std[c] = (float)(1 / im->image_scale[c]);
        d->mean[c] = (float)(-im->image_shift[c] / im->image_scale[c]);
    }
}

static rt_status prepare(rt_importer *im)
{
    const rt_onnx *model = im->model;
    im->layer_capacity = 256;
    RT_TRY(RT_ALLOC(im->layers, im->layer_capacity));
    RT_TRY(RT_ALLOC(im->shapes, im->layer_capacity + 1));
    RT_TRY(RT_ALLOC(im->values, model->value_count));
    RT_TRY(RT_ALLOC(im->uses, model->value_count));
    for (uint32_t i = 0; i < model->initializer_count; i++) {
        const rt_onnx_tensor *t = &model->initializers[i];
        im->values[i] = (rt_import_value){.constant = t, .known = true, .rank = t->rank};
        memcpy(im->values[i].dims, t->dims, sizeof t->dims);
    }
    return count_uses(im);
}

static rt_status import(rt_importer *im, const rt_model_hints *hints)
{
    uint32_t logits;
    RT_TRY(prepare(im));
    RT_TRY(read_image(im, hints));
    for (uint32_t i = 0; i < im->model->node_count; i++)
        RT_TRY(import_node(im, &im->model->nodes[i]));
    RT_TRY(read_output(im, &logits));
    set_normalisation(im);
    RT_TRY(rt_import_fuse(im, &logits));
    rt_blueprint_layer *layers = rt_arena_alloc(im->arena, im->layer_count, sizeof *layers);
    if (layers == NULL) return RT_ERROR_MEMORY;
    memcpy(layers, im->layers, im->layer_count * sizeof *layers);
    im->result->blueprint = (rt_blueprint){layers, im->layer_count};
    im->result->description.arch = "graph";
    im->result->description.blueprint = &im->result->blueprint;
    for (uint32_t i = 0; i < im->layer_count; i++)
        im->result->batch_norm_count += layers[i].kind == RT_LAYER_BATCH_NORM;
    return rt_blueprint_check(&im->result->blueprint);
}

rt_status rt_onnx_import(rt_onnx_network *imported, const rt_onnx *model,
                         const rt_model_hints *hints)
{
    rt_importer im = {.model = model, .result = imported, .arena = &imported->arena};
    const rt_status status = import(&im, hints);
    rt_names_clear(&im.names);
    rt_free(im.layers);
    rt_free(im.shapes);
    rt_free(im.values);
    rt_free(im.uses);
    if (status != RT_OK) rt_onnx_network_clear(imported);
    return status;
}

void rt_onnx_network_clear(rt_onnx_network *imported)
{
    rt_free(imported->parameters);
    rt_arena_clear(&imported->arena);
    *imported = (rt_onnx_network){0};
}
