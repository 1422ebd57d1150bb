/* A blueprint as JSON: {"layers":[{"kind":"conv2d","name":"conv1","from":[0],"channels":16,...}]}.
 * Every attribute of the kind is there, in the table's order; a gather's indices are runs [first,
 * step, count, first, step, count, ...]. Names need no escapes (blueprint.h). */

#include "common/nn/blueprint_private.h"

rt_index_run rt_index_run_of(const int32_t *indices, uint32_t left)
{
    rt_index_run run = {.first = indices[0], .count = 1};
    if (left < 2) return run;
    run.step = indices[1] - indices[0];
    while (run.count < left && indices[run.count] - indices[run.count - 1] == run.step) run.count++;
    return run;
}

static rt_status write_indices(const rt_blueprint_layer *layer, rt_buffer *json)
{
    RT_TRY(rt_buffer_printf(json, ",\"indices\":["));
    for (uint32_t at = 0; at < layer->index_count;) {
        const rt_index_run run = rt_index_run_of(layer->indices + at, layer->index_count - at);
        RT_TRY(rt_buffer_printf(json, "%s%d,%d,%u", at > 0 ? "," : "", run.first, run.step,
                                run.count));
        at += run.count;
    }
    return rt_buffer_printf(json, "]");
}

static rt_status write_attribute(const rt_blueprint_layer *layer, const rt_attribute *attribute,
                                 rt_buffer *json)
{
    const void *field = (const char *)layer + attribute->offset;
    RT_TRY(rt_buffer_printf(json, ",\"%s\":", attribute->key));
    switch (attribute->type) {
    case RT_ATTRIBUTE_WHOLE:
        return rt_buffer_printf(json, "%u", *(const uint32_t *)field);
    case RT_ATTRIBUTE_REAL:
        return rt_buffer_printf(json, "%.9g", (double)*(const float *)field);
    case RT_ATTRIBUTE_FLAG:
        return rt_buffer_printf(json, "%s", *(const bool *)field ? "true" : "false");
    case RT_ATTRIBUTE_CHOICE:
        return rt_buffer_printf(json, "\"%s\"", attribute->words[*(const uint32_t *)field]);
    case RT_ATTRIBUTE_SIDES:
        break;
    }
    const rt_sides *sides = field;
    return rt_buffer_printf(json, "[%u,%u,%u,%u]", sides->top, sides->left, sides->bottom,
                            sides->right);
}

static rt_status write_layer(const rt_blueprint_layer *layer, rt_buffer *json)
{
    const rt_layer_form *form = &rt_layer_forms[layer->kind];
    RT_TRY(rt_buffer_printf(json, "{\"kind\":\"%s\",\"name\":\"%s\",\"from\":[", form->name,
                            layer->name));
    for (uint32_t i = 0; i < layer->input_count; i++)
        RT_TRY(rt_buffer_printf(json, "%s%u", i > 0 ? "," : "", layer->inputs[i]));
    RT_TRY(rt_buffer_printf(json, "]"));
    for (uint32_t i = 0; i < form->attribute_count; i++)
        RT_TRY(write_attribute(layer, &form->attributes[i], json));
    if (form->indices) RT_TRY(write_indices(layer, json));
    return rt_buffer_printf(json, "}");
}

rt_status rt_blueprint_write(const rt_blueprint *blueprint, rt_buffer *json)
{
    RT_TRY(rt_blueprint_check(blueprint));
    RT_TRY(rt_buffer_printf(json, "{\"layers\":["));
    for (uint32_t i = 0; i < blueprint->layer_count; i++) {
        if (i > 0) RT_TRY(rt_buffer_printf(json, ","));
        RT_TRY(write_layer(&blueprint->layers[i], json));
    }
    return rt_buffer_printf(json, "]}");
}
