/* What a handler asks of the node at work, and what it gives back. */

#include "common/nn/onnx/import_private.h"

#include <stdio.h>
#include <string.h>

const rt_onnx_attribute *rt_import_attribute(const rt_importer *im, const char *name)
{
    for (uint32_t i = 0; i < im->node->attribute_count; i++)
        if (strcmp(im->node->attributes[i].name, name) == 0) return &im->node->attributes[i];
    return NULL;
}

int64_t rt_import_int(const rt_importer *im, const char *name, int64_t fallback)
{
    const rt_onnx_attribute *attribute = rt_import_attribute(im, name);
    return attribute != NULL ? attribute->whole : fallback;
}

float rt_import_float(const rt_importer *im, const char *name, float fallback)
{
    const rt_onnx_attribute *attribute = rt_import_attribute(im, name);
    return attribute != NULL ? attribute->number : fallback;
}

const char *rt_import_string(const rt_importer *im, const char *name, const char *fallback)
{
    const rt_onnx_attribute *attribute = rt_import_attribute(im, name);
    return attribute != NULL ? attribute->string : fallback;
}

bool rt_import_has(const rt_importer *im, uint32_t i)
{
    return i < im->node->input_count && im->node->inputs[i] != RT_ONNX_NO_VALUE;
}

rt_import_value *rt_import_input(const rt_importer *im, uint32_t i)
{
    return &im->values[im->node->inputs[i]];
}

static rt_status fixed(const rt_importer *im, uint32_t i, const char *what, bool whole,
                       const rt_onnx_tensor **tensor)
{
    *tensor = rt_import_has(im, i) ? rt_import_input(im, i)->constant : NULL;
    if (*tensor == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "its %s must be fixed numbers; here they depend on the image", what);
    if ((*tensor)->whole != whole)
        return rt_fail(RT_ERROR_INPUT, "its %s must be %s", what,
                       whole ? "whole numbers" : "floats");
    return RT_OK;
}

rt_status rt_import_floats(const rt_importer *im, uint32_t i, const char *what,
                           const rt_onnx_tensor **tensor)
{
    return fixed(im, i, what, false, tensor);
}

rt_status rt_import_wholes(const rt_importer *im, uint32_t i, const char *what,
                           const rt_onnx_tensor **tensor)
{
    return fixed(im, i, what, true, tensor);
}

rt_status rt_import_list(const rt_importer *im, const char *attribute, uint32_t input,
                         const int64_t **list, uint32_t *count)
{
    const rt_onnx_attribute *found = rt_import_attribute(im, attribute);
    *list = found != NULL ? found->ints : NULL;
    *count = found != NULL ? found->count : 0;
    if (found != NULL || !rt_import_has(im, input)) return RT_OK;
    const rt_onnx_tensor *tensor;
    RT_TRY(rt_import_wholes(im, input, attribute, &tensor));
    if (tensor->rank > 1 || tensor->count > RT_ONNX_MAXIMUM_NODES)
        return rt_fail(RT_ERROR_INPUT, "its %s are no list", attribute);
    *list = tensor->wholes;
    *count = (uint32_t)tensor->count;
    return RT_OK;
}

rt_status rt_import_axis(int64_t axis, uint32_t rank, uint32_t *result)
{
    const int64_t counted = axis < 0 ? axis + rank : axis;
    if (counted < 0 || counted >= rank)
        return rt_fail(RT_ERROR_INPUT, "there is no axis %lld among %u", (long long)axis, rank);
    *result = (uint32_t)counted;
    return RT_OK;
}

void rt_import_output(rt_importer *im, uint32_t i, const rt_import_value *value)
{
    if (i >= im->node->output_count || im->node->outputs[i] == RT_ONNX_NO_VALUE) return;
    rt_import_value *output = &im->values[im->node->outputs[i]];
    *output = *value;
    output->known = true;
}

void rt_import_output_constant(rt_importer *im, uint32_t i, const rt_onnx_tensor *tensor)
{
    rt_import_value value = {.constant = tensor, .rank = tensor->rank};
    memcpy(value.dims, tensor->dims, sizeof value.dims);
    rt_import_output(im, i, &value);
}

void rt_import_output_layer(rt_importer *im, uint32_t layer, uint32_t rank, const int64_t *dims)
{
    rt_import_value value = {.layer = layer, .rank = rank};
    memcpy(value.dims, dims, rank * sizeof *dims);
    rt_import_output(im, 0, &value);
}

const char *rt_import_wish(rt_importer *im, uint32_t i)
{
    static const char ending[] = ".weight";
    const char *name = im->model->value_names[im->node->inputs[i]];
    const size_t length = strlen(name), tail = sizeof ending - 1;
    if (length <= tail || strcmp(name + length - tail, ending) != 0) return NULL;
    return rt_arena_printf(im->arena, "%.*s", (int)(length - tail), name);
}

/* A name for a layer that no other has: of allowed characters only. */
static rt_status make_name(rt_importer *im, const char *wish, const char **name)
{
    enum { ROOM_FOR_COUNT = 12 };
    char text[RT_BLUEPRINT_MAXIMUM_NAME + 1];
    if (wish == NULL) wish = *im->node->name != 0 ? im->node->name : im->node->op;
    wish += strspn(wish, "/");
    while (strncmp(wish, "module.", 7) == 0) wish += 7; /* DataParallel's, which all readers drop */
    snprintf(text, sizeof text - ROOM_FOR_COUNT, "%s", wish);
    for (char *at = text; *at != 0; at++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/-", *at) ==
            NULL)
            *at = '_';
    if (text[0] == 0) snprintf(text, sizeof text, "layer");
    const size_t length = strlen(text);
    for (uint32_t count = 2; rt_names_find(&im->names, text) >= 0; count++)
        snprintf(text + length, sizeof text - length, "_%u", count);
    uint32_t number;
    *name = rt_arena_strdup(im->arena, text);
    if (*name == NULL) return RT_ERROR_MEMORY;
    return rt_names_add(&im->names, *name, &number);
}

static rt_status make_room(rt_importer *im)
{
    if (im->layer_count < im->layer_capacity) return RT_OK;
    if (im->layer_count >= RT_BLUEPRINT_MAXIMUM_LAYERS)
        return rt_fail(RT_ERROR_INPUT, "the network has more than %d layers",
                       RT_BLUEPRINT_MAXIMUM_LAYERS);
    const uint32_t capacity = 2 * im->layer_capacity;
    rt_blueprint_layer *layers = rt_realloc(im->layers, capacity, sizeof *layers);
    if (layers == NULL) return RT_ERROR_MEMORY;
    im->layers = layers;
    rt_import_shape *shapes = rt_realloc(im->shapes, capacity + 1, sizeof *shapes);
    if (shapes == NULL) return RT_ERROR_MEMORY;
    im->shapes = shapes;
    im->layer_capacity = capacity;
    return RT_OK;
}

rt_status rt_import_add(rt_importer *im, const rt_blueprint_layer *layer, const char *wish,
                        rt_import_shape shape, uint32_t *value)
{
    enum { LARGEST = 1 << 28 }; /* as common/nn/models/graph.c has it */
    if (shape.h == 0 || shape.w == 0 || shape.c == 0 || (uint64_t)shape.h * shape.w > LARGEST ||
        (uint64_t)shape.h * shape.w * shape.c > LARGEST)
        return rt_fail(RT_ERROR_INPUT,
                       "its output of %u channels and %ux%u pixels is empty or too "
                       "large",
                       shape.c, shape.h, shape.w);
    RT_TRY(make_room(im));
    rt_blueprint_layer *copy = &im->layers[im->layer_count];
    *copy = *layer;
    RT_TRY(make_name(im, wish, &copy->name));
    uint32_t *inputs = rt_arena_alloc(im->arena, layer->input_count, sizeof *inputs);
    if (inputs == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < layer->input_count; i++) inputs[i] = layer->inputs[i];
    copy->inputs = inputs;
    *value = ++im->layer_count;
    im->shapes[*value] = shape;
    return RT_OK;
}

rt_status rt_import_add_one(rt_importer *im, uint32_t from, rt_blueprint_layer layer,
                            const char *wish, rt_import_shape shape, uint32_t *value)
{
    layer.inputs = &from;
    layer.input_count = 1;
    return rt_import_add(im, &layer, wish, shape, value);
}

rt_status rt_import_parameter(rt_importer *im, uint32_t value, const char *field,
                              const float *values, uint64_t count)
{
    rt_onnx_network *result = im->result;
    if (result->parameter_count == im->parameter_capacity) {
        const uint32_t capacity = im->parameter_capacity > 0 ? 2 * im->parameter_capacity : 256;
        rt_onnx_parameter *larger = rt_realloc(result->parameters, capacity, sizeof *larger);
        if (larger == NULL) return RT_ERROR_MEMORY;
        result->parameters = larger;
        im->parameter_capacity = capacity;
    }
    const char *name = rt_arena_printf(im->arena, "%s.%s", im->layers[value - 1].name, field);
    if (name == NULL) return RT_ERROR_MEMORY;
    result->parameters[result->parameter_count++] =
        (rt_onnx_parameter){.name = name, .count = count, .values = values};
    return RT_OK;
}
