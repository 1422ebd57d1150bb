#include "common/formats/onnx/read_private.h"

#include <string.h>

#define TYPE(name) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name

/* The fields that hold something, a bit each. */
enum {
    HAS_F = 1,
    HAS_I = 2,
    HAS_S = 4,
    HAS_T = 8,
    HAS_FLOATS = 16,
    HAS_INTS = 32,
    HAS_STRINGS = 64
};

static const struct {
    Onnx__AttributeProto__AttributeType from;
    rt_onnx_attribute_type to;
    unsigned may_have;
} types[] = {
    {TYPE(FLOAT), RT_ONNX_FLOAT, HAS_F},           {TYPE(INT), RT_ONNX_INT, HAS_I},
    {TYPE(STRING), RT_ONNX_STRING, HAS_S},         {TYPE(TENSOR), RT_ONNX_TENSOR, HAS_T},
    {TYPE(FLOATS), RT_ONNX_FLOATS, HAS_FLOATS},    {TYPE(INTS), RT_ONNX_INTS, HAS_INTS},
    {TYPE(STRINGS), RT_ONNX_STRINGS, HAS_STRINGS},
};

static rt_status check_type(const Onnx__AttributeProto *from, const char *node,
                            rt_onnx_attribute *to)
{
    const unsigned has = (from->has_f ? HAS_F : 0) | (from->has_i ? HAS_I : 0) |
                         (from->has_s ? HAS_S : 0) | (from->t != NULL ? HAS_T : 0) |
                         (from->n_floats > 0 ? HAS_FLOATS : 0) | (from->n_ints > 0 ? HAS_INTS : 0) |
                         (from->n_strings > 0 ? HAS_STRINGS : 0);
    for (size_t i = 0; i < RT_COUNT(types); i++) {
        if (!from->has_type || types[i].from != from->type) continue;
        /* A writer may leave out a value that is zero, but a tensor is one or not. */
        if ((has & ~types[i].may_have) != 0 || from->n_tensors > 0 || from->tp != NULL ||
            from->n_type_protos > 0 || (types[i].may_have == HAS_T && from->t == NULL))
            break;
        to->type = types[i].to;
        return RT_OK;
    }
    return rt_fail(
        RT_ERROR_INPUT,
        "attribute '%s' of node '%s' has no type that can be read, or a value of another", to->name,
        node);
}

static rt_status read_lists(rt_arena *arena, const Onnx__AttributeProto *from,
                            rt_onnx_attribute *to)
{
    float *const floats = rt_arena_alloc(arena, from->n_floats, sizeof *floats);
    int64_t *const ints = rt_arena_alloc(arena, from->n_ints, sizeof *ints);
    if (floats == NULL || ints == NULL) return RT_ERROR_MEMORY;
    for (size_t i = 0; i < from->n_floats; i++) floats[i] = from->floats[i];
    for (size_t i = 0; i < from->n_ints; i++) ints[i] = from->ints[i];
    to->floats = floats;
    to->ints = ints;
    to->count = (uint32_t)(from->n_floats + from->n_ints);
    return RT_OK;
}

static rt_status read_attribute(rt_onnx_source *source, const Onnx__AttributeProto *from,
                                const char *node, rt_onnx_attribute *to)
{
    rt_arena *arena = source->arena;
    *to = (rt_onnx_attribute){.name = rt_arena_strdup(arena, rt_onnx_text(from->name)),
                              .number = from->has_f ? from->f : 0,
                              .whole = from->has_i ? from->i : 0};
    if (to->name == NULL) return RT_ERROR_MEMORY;
    RT_TRY(check_type(from, node, to));
    const size_t length = from->has_s ? from->s.len : 0;
    to->string =
        rt_arena_printf(arena, "%.*s", (int)length, length > 0 ? (const char *)from->s.data : "");
    if (to->string == NULL) return RT_ERROR_MEMORY;
    RT_TRY(read_lists(arena, from, to));
    if (from->t == NULL) return RT_OK;
    rt_onnx_tensor *const tensor = rt_arena_alloc(arena, 1, sizeof *tensor);
    if (tensor == NULL) return RT_ERROR_MEMORY;
    to->tensor = tensor;
    const rt_status status = rt_onnx_read_tensor(source, from->t, tensor);
    if (status != RT_OK) rt_error_prefix("attribute '%s' of node '%s': ", to->name, node);
    return status;
}

rt_status rt_onnx_read_attributes(rt_onnx_source *source, const Onnx__NodeProto *from,
                                  rt_onnx_node *to)
{
    rt_onnx_attribute *const attributes =
        rt_arena_alloc(source->arena, from->n_attribute, sizeof *attributes);
    if (attributes == NULL) return RT_ERROR_MEMORY;
    to->attributes = attributes;
    for (size_t i = 0; i < from->n_attribute; i++) {
        RT_TRY(read_attribute(source, from->attribute[i], to->name, &attributes[i]));
        for (size_t k = 0; k < i; k++)
            if (strcmp(attributes[k].name, attributes[i].name) == 0)
                return rt_fail(RT_ERROR_INPUT, "attribute '%s' of node '%s' is there twice",
                               attributes[i].name, to->name);
        to->attribute_count++;
    }
    return RT_OK;
}
