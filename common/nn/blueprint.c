#include "common/nn/blueprint_private.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static rt_status check_name(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/-";
    const size_t length = name != NULL ? strlen(name) : 0;
    if (length < 1 || length > RT_BLUEPRINT_MAXIMUM_NAME || strspn(name, allowed) != length)
        return rt_fail(RT_ERROR_INPUT,
                       "a layer's name must be 1 to %d of the characters A-Z a-z 0-9 _ . : / -, "
                       "not '%s'",
                       RT_BLUEPRINT_MAXIMUM_NAME, name != NULL ? name : "");
    return RT_OK;
}

static rt_status out_of_range(const rt_blueprint_layer *layer, const rt_attribute *attribute,
                              double value)
{
    return rt_fail(RT_ERROR_INPUT, "layer '%s': %s is %g, not from %g to %g", layer->name,
                   attribute->key, value, attribute->minimum, attribute->maximum);
}

static bool in_range(const rt_attribute *attribute, double value)
{
    return value >= attribute->minimum && value <= attribute->maximum; /* false for NaN */
}

static rt_status check_attribute(const rt_blueprint_layer *layer, const rt_attribute *attribute)
{
    const void *field = (const char *)layer + attribute->offset;
    switch (attribute->type) {
    case RT_ATTRIBUTE_WHOLE: {
        const uint32_t value = *(const uint32_t *)field;
        return in_range(attribute, value) ? RT_OK : out_of_range(layer, attribute, value);
    }
    case RT_ATTRIBUTE_REAL: {
        const float value = *(const float *)field; /* the ends as floats, too */
        const bool in = value >= (float)attribute->minimum && value <= (float)attribute->maximum;
        return in ? RT_OK : out_of_range(layer, attribute, (double)value);
    }
    case RT_ATTRIBUTE_SIDES: {
        const rt_sides *s = field;
        const uint32_t sides[] = {s->top, s->left, s->bottom, s->right};
        for (size_t i = 0; i < RT_COUNT(sides); i++)
            if (!in_range(attribute, sides[i])) return out_of_range(layer, attribute, sides[i]);
        return RT_OK;
    }
    case RT_ATTRIBUTE_CHOICE:
        if (*(const uint32_t *)field >= attribute->word_count)
            return rt_fail(RT_ERROR_INPUT, "layer '%s': %s is unknown", layer->name,
                           attribute->key);
        return RT_OK;
    case RT_ATTRIBUTE_FLAG:
        break;
    }
    return RT_OK;
}

static rt_status check_inputs(const rt_blueprint_layer *layer, uint32_t position)
{
    const rt_layer_form *form = &rt_layer_forms[layer->kind];
    if (layer->input_count < form->least_inputs || layer->input_count > form->most_inputs)
        return rt_fail(RT_ERROR_INPUT, "layer '%s': a %s takes %u to %u inputs, not %u",
                       layer->name, form->name, form->least_inputs, form->most_inputs,
                       layer->input_count);
    for (uint32_t i = 0; i < layer->input_count; i++)
        if (layer->inputs[i] > position)
            return rt_fail(RT_ERROR_INPUT, "layer '%s' reads value %u; there are 0 to %u before it",
                           layer->name, layer->inputs[i], position);
    return RT_OK;
}

static rt_status check_indices(const rt_blueprint_layer *layer, uint64_t *total)
{
    if (!rt_layer_forms[layer->kind].indices) return RT_OK;
    const uint64_t count = (uint64_t)layer->height * layer->width * layer->channels;
    if (layer->index_count != count)
        return rt_fail(RT_ERROR_INPUT, "layer '%s' has %u indices for %ux%ux%u numbers",
                       layer->name, layer->index_count, layer->height, layer->width,
                       layer->channels);
    for (uint64_t i = 0; i < count; i++)
        if (layer->indices[i] < -1 || layer->indices[i] >= RT_BLUEPRINT_MAXIMUM_INDICES)
            return rt_fail(RT_ERROR_INPUT, "layer '%s' has the index %d", layer->name,
                           layer->indices[i]);
    *total += count;
    if (*total > RT_BLUEPRINT_MAXIMUM_INDICES)
        return rt_fail(RT_ERROR_INPUT, "layer '%s': more than %d indices in all", layer->name,
                       RT_BLUEPRINT_MAXIMUM_INDICES);
    return RT_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static rt_status check_unique(const rt_blueprint *blueprint)
{
    rt_status status = RT_OK;
    const char **names;
    RT_TRY(RT_ALLOC(names, blueprint->layer_count));
    for (uint32_t i = 0; i < blueprint->layer_count; i++) names[i] = blueprint->layers[i].name;
    qsort(names, blueprint->layer_count, sizeof *names, compare_names);
    for (uint32_t i = 1; i < blueprint->layer_count && status == RT_OK; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status = rt_fail(RT_ERROR_INPUT, "there are two layers '%s'", names[i]);
    rt_free(names);
    return status;
}

rt_status rt_blueprint_check(const rt_blueprint *blueprint)
{
    uint64_t indices = 0;
    if (blueprint->layer_count < 1 || blueprint->layer_count > RT_BLUEPRINT_MAXIMUM_LAYERS)
        return rt_fail(RT_ERROR_INPUT, "a network of %u layers; 1 to %d are possible",
                       blueprint->layer_count, RT_BLUEPRINT_MAXIMUM_LAYERS);
    for (uint32_t i = 0; i < blueprint->layer_count; i++) {
        const rt_blueprint_layer *layer = &blueprint->layers[i];
        assert(layer->kind < RT_LAYER_KIND_COUNT);
        RT_TRY(check_name(layer->name));
        RT_TRY(check_inputs(layer, i));
        const rt_layer_form *form = &rt_layer_forms[layer->kind];
        for (uint32_t k = 0; k < form->attribute_count; k++)
            RT_TRY(check_attribute(layer, &form->attributes[k]));
        RT_TRY(check_indices(layer, &indices));
    }
    return check_unique(blueprint);
}

static rt_status copy_layer(rt_blueprint_layer *copy, const rt_blueprint_layer *layer,
                            rt_arena *arena)
{
    *copy = *layer;
    uint32_t *const inputs = rt_arena_alloc(arena, layer->input_count, sizeof *inputs);
    int32_t *const indices = rt_arena_alloc(arena, layer->index_count, sizeof *indices);
    copy->name = rt_arena_strdup(arena, layer->name);
    copy->inputs = inputs;
    copy->indices = indices;
    if (copy->name == NULL || inputs == NULL || indices == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < layer->input_count; i++) inputs[i] = layer->inputs[i];
    for (uint32_t i = 0; i < layer->index_count; i++) indices[i] = layer->indices[i];
    return RT_OK;
}

rt_status rt_blueprint_copy(rt_blueprint *copy, const rt_blueprint *blueprint, rt_arena *arena)
{
    rt_blueprint_layer *const layers =
        rt_arena_alloc(arena, blueprint->layer_count, sizeof *layers);
    if (layers == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < blueprint->layer_count; i++)
        RT_TRY(copy_layer(&layers[i], &blueprint->layers[i], arena));
    *copy = (rt_blueprint){.layers = layers, .layer_count = blueprint->layer_count};
    return RT_OK;
}
