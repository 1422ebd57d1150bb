/* The values of the file: their names, their forms, and the fixed numbers among them. */

#include "common/nn/onnx/export_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The layer that the node belongs to: its label without the network before and the operator behind;
 * for what belongs to no layer the operator. */
static void layer_of(const rt_node *node, char *layer, size_t size)
{
    const char *label = node->label, *operator_ = node->operator_->name;
    const char *dot = strchr(label, '.');
    if (dot != NULL) label = dot + 1;
    const size_t length = strlen(label), last = strlen(operator_);
    const bool alone = length <= last + 1;
    snprintf(layer, size, "%.*s", (int)(alone ? length : length - last - 1), label);
}

/* "LAYER/what", with a number behind where it is not the first. */
static rt_status make_name(rt_exporter *ex, const char *what, const char **name)
{
    char layer[512];
    uint32_t number;
    layer_of(ex->node, layer, sizeof layer);
    *name = rt_arena_printf(&ex->arena, "%s/%s", layer, what);
    for (uint32_t i = 2; *name != NULL && rt_names_find(&ex->names, *name) >= 0; i++)
        *name = rt_arena_printf(&ex->arena, "%s/%s_%u", layer, what, i);
    return *name != NULL ? rt_names_add(&ex->names, *name, &number) : RT_ERROR_MEMORY;
}

rt_status rt_export_emit(rt_exporter *ex, const rt_export_call *call, const char **value)
{
    const char *inputs[RT_MAXIMUM_INPUTS + 1];
    const char *name;
    rt_onnx_new_node node = {.op = call->op, .inputs = inputs, .attributes = call->attributes};
    for (; call->inputs[node.input_count] != NULL; node.input_count++)
        inputs[node.input_count] = call->inputs[node.input_count];
    while (call->attributes[node.attribute_count].name != NULL) node.attribute_count++;
    RT_TRY(make_name(ex, call->op, &name));
    node.name = name;
    RT_TRY(rt_onnx_add_node(ex->writer, &node));
    *value = name;
    return RT_OK;
}

rt_status rt_export_made(rt_exporter *ex, const char *value, rt_export_form form)
{
    ex->values[ex->node->outputs[0]->id][form] = value;
    return RT_OK;
}

const rt_parameter *rt_export_parameter(const rt_tensor *tensor)
{
    return rt_parameters_row(tensor->parameters, tensor->parameter);
}

rt_status rt_export_weight_as(rt_exporter *ex, const rt_tensor *tensor, uint32_t rank,
                              const int64_t *dims, const char **value)
{
    uint32_t number;
    *value = rt_export_parameter(tensor)->name;
    if (rt_names_find(&ex->names, *value) >= 0) return RT_OK; /* a layer used twice */
    RT_TRY(rt_names_add(&ex->names, *value, &number));
    return rt_onnx_add_floats(ex->writer, *value, rank, dims, ex->numbers[tensor->parameter]);
}

rt_status rt_export_weight(rt_exporter *ex, const rt_tensor *tensor, const char **value)
{
    const rt_parameter *p = rt_export_parameter(tensor);
    int64_t dims[RT_COUNT(p->dims)];
    for (uint32_t i = 0; i < p->rank; i++) dims[i] = p->dims[i];
    return rt_export_weight_as(ex, tensor, p->rank, dims, value);
}

rt_status rt_export_floats(rt_exporter *ex, const char *field, uint32_t rank, const int64_t *dims,
                           const float *numbers, const char **value)
{
    RT_TRY(make_name(ex, field, value));
    return rt_onnx_add_floats(ex->writer, *value, rank, dims, numbers);
}

rt_status rt_export_number(rt_exporter *ex, const char *field, float number, const char **value)
{
    float *kept = rt_arena_alloc(&ex->arena, 1, sizeof *kept);
    if (kept == NULL) return RT_ERROR_MEMORY;
    *kept = number;
    return rt_export_floats(ex, field, 0, NULL, kept, value);
}

rt_status rt_export_wholes(rt_exporter *ex, const char *field, uint32_t count,
                           const int64_t *numbers, const char **value)
{
    RT_TRY(make_name(ex, field, value));
    return rt_onnx_add_wholes(ex->writer, *value, 1, (int64_t[]){count}, numbers);
}

/* Dense [n,h,w,c] as [n,c,h,w], in the exporter's memory. */
static rt_status to_channels_first(rt_exporter *ex, rt_shape s, const float *dense, float **moved)
{
    const size_t pixels = (size_t)s.h * s.w;
    *moved = rt_arena_alloc(&ex->arena, s.n * pixels * s.c, sizeof **moved);
    if (*moved == NULL) return RT_ERROR_MEMORY;
    for (size_t n = 0; n < s.n; n++)
        for (size_t p = 0; p < pixels; p++)
            for (size_t c = 0; c < s.c; c++)
                (*moved)[(n * s.c + c) * pixels + p] = dense[(n * pixels + p) * s.c + c];
    return RT_OK;
}

/* A parameter that is not the weight of an operator but one of its operands. */
static rt_status parameter_operand(rt_exporter *ex, const rt_tensor *tensor, const char **value)
{
    const rt_parameter *p = rt_export_parameter(tensor);
    const rt_shape s = tensor->shape;
    const float *numbers = ex->numbers[tensor->parameter];
    const int64_t dims[] = {s.n, s.c, s.h, s.w};
    if (p->layout == RT_LAYOUT_VECTOR)
        return rt_export_floats(ex, p->name, 4, dims, numbers, value);
    if (p->layout != RT_LAYOUT_DENSE)
        return rt_fail(RT_ERROR_INTERNAL, "the weights '%s' are no operand", p->name);
    float *moved;
    uint32_t number;
    RT_TRY(to_channels_first(ex, s, numbers, &moved));
    *value = p->name;
    RT_TRY(rt_names_add(&ex->names, p->name, &number));
    return rt_onnx_add_floats(ex->writer, p->name, 4, dims, moved);
}

/* Numbers that the graph itself holds. */
static rt_status constant_operand(rt_exporter *ex, const rt_tensor *tensor, const char **value)
{
    const rt_shape s = tensor->shape;
    float *dense = rt_arena_alloc(&ex->arena, rt_shape_pixels(s) * s.c, sizeof *dense), *moved;
    if (dense == NULL) return RT_ERROR_MEMORY;
    if (tensor->initial != NULL) rt_tensor_unpack(s, tensor->initial, dense);
    RT_TRY(to_channels_first(ex, s, dense, &moved));
    return rt_export_floats(ex, "constant", 4, (int64_t[]){s.n, s.c, s.h, s.w}, moved, value);
}

rt_status rt_export_image(rt_exporter *ex, const rt_tensor *tensor, const char **value)
{
    const char **forms = ex->values[tensor->id];
    if (forms[RT_EXPORT_IMAGE] == NULL) {
        const char *shape;
        const char **image = &forms[RT_EXPORT_IMAGE];
        if (tensor->kind == RT_TENSOR_PARAMETER) {
            RT_TRY(parameter_operand(ex, tensor, image));
        } else if (tensor->kind == RT_TENSOR_STATE) {
            RT_TRY(constant_operand(ex, tensor, image));
        } else {
            assert(forms[RT_EXPORT_FLAT] != NULL); /* nodes come after what they read */
            RT_TRY(rt_export_wholes(ex, "shape", 4, (int64_t[]){0, tensor->shape.c, 1, 1}, &shape));
            RT_TRY(rt_export_emit(
                ex, &(rt_export_call){.op = "Reshape", .inputs = {forms[RT_EXPORT_FLAT], shape}},
                image));
        }
    }
    *value = forms[RT_EXPORT_IMAGE];
    return RT_OK;
}

rt_status rt_export_flat(rt_exporter *ex, const rt_tensor *tensor, const char **value)
{
    const char **forms = ex->values[tensor->id];
    if (forms[RT_EXPORT_FLAT] == NULL) {
        const char *image;
        RT_TRY(rt_export_image(ex, tensor, &image));
        RT_TRY(rt_export_emit(ex,
                              &(rt_export_call){.op = "Flatten",
                                                .inputs = {image},
                                                .attributes = {RT_EXPORT_INT("axis", 1)}},
                              &forms[RT_EXPORT_FLAT]));
    }
    *value = forms[RT_EXPORT_FLAT];
    return RT_OK;
}

rt_status rt_export_as(rt_exporter *ex, const rt_tensor *tensor, rt_export_form form,
                       const char **value)
{
    return form == RT_EXPORT_FLAT ? rt_export_flat(ex, tensor, value)
                                  : rt_export_image(ex, tensor, value);
}

bool rt_export_is_flat(const rt_exporter *ex, const rt_tensor *tensor)
{
    /* An image may have been flattened for a reader of its own. */
    return tensor->shape.h * tensor->shape.w == 1 && ex->values[tensor->id][RT_EXPORT_FLAT] != NULL;
}

rt_status rt_export_any(rt_exporter *ex, const rt_tensor *tensor, const char **value,
                        rt_export_form *form)
{
    *form = rt_export_is_flat(ex, tensor) ? RT_EXPORT_FLAT : RT_EXPORT_IMAGE;
    return rt_export_as(ex, tensor, *form, value);
}
