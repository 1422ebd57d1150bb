#include "common/formats/onnx/read_private.h"
#include "common/formats/safetensors.h"

#include <string.h>

/* How a type's numbers lie in raw_data, and in which typed field they may lie instead. */
typedef enum typed_field {
    FLOAT_DATA,
    INT32_DATA,
    INT64_DATA,
    DOUBLE_DATA,
    UINT64_DATA
} typed_field;

typedef struct data_type {
    int32_t type;
    bool whole;
    rt_safetensors_type raw;
    typed_field typed;
} data_type;

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static const data_type data_types[] = {
    {TYPE(FLOAT), false, RT_SAFETENSORS_F32, FLOAT_DATA},
    {TYPE(DOUBLE), false, RT_SAFETENSORS_F64, DOUBLE_DATA},
    {TYPE(FLOAT16), false, RT_SAFETENSORS_F16, INT32_DATA},
    {TYPE(BFLOAT16), false, RT_SAFETENSORS_BF16, INT32_DATA},
    {TYPE(INT64), true, RT_SAFETENSORS_I64, INT64_DATA},
    {TYPE(INT32), true, RT_SAFETENSORS_I32, INT32_DATA},
    {TYPE(INT16), true, RT_SAFETENSORS_I16, INT32_DATA},
    {TYPE(INT8), true, RT_SAFETENSORS_I8, INT32_DATA},
    {TYPE(UINT64), true, RT_SAFETENSORS_U64, UINT64_DATA},
    {TYPE(UINT32), true, RT_SAFETENSORS_U32, UINT64_DATA},
    {TYPE(UINT16), true, RT_SAFETENSORS_U16, INT32_DATA},
    {TYPE(UINT8), true, RT_SAFETENSORS_U8, INT32_DATA},
    {TYPE(BOOL), true, RT_SAFETENSORS_BOOL, INT32_DATA},
};

static rt_status read_shape(const Onnx__TensorProto *from, size_t item, rt_onnx_tensor *to)
{
    if (from->n_dims > RT_ONNX_MAXIMUM_RANK)
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' has %zu dimensions, more than %d", to->name,
                       from->n_dims, RT_ONNX_MAXIMUM_RANK);
    bool overflow = false, empty = false;
    uint64_t bytes;
    to->rank = (uint32_t)from->n_dims;
    to->count = 1;
    for (uint32_t i = 0; i < to->rank; i++) {
        to->dims[i] = from->dims[i];
        if (to->dims[i] < 0)
            return rt_fail(RT_ERROR_INPUT, "tensor '%s' has the dimension %lld", to->name,
                           (long long)to->dims[i]);
        if (to->dims[i] == 0)
            empty = true;
        else
            overflow |= __builtin_mul_overflow(to->count, (uint64_t)to->dims[i], &to->count);
    }
    overflow |= __builtin_mul_overflow(to->count, item, &bytes);
    if (overflow) return rt_fail(RT_ERROR_INPUT, "the shape of tensor '%s' overflows", to->name);
    if (empty) to->count = 0;
    return RT_OK;
}

/* In all typed fields together, strings too. */
static size_t typed_numbers(const Onnx__TensorProto *from)
{
    return from->n_float_data + from->n_int32_data + from->n_int64_data + from->n_double_data +
           from->n_uint64_data + from->n_string_data;
}

/* The one field that has the numbers: `*typed` of them in the type's own field, or none. */
static rt_status find_data(const Onnx__TensorProto *from, const data_type *type, size_t item,
                           const rt_onnx_tensor *to, size_t *typed)
{
    const size_t counts[] = {[FLOAT_DATA] = from->n_float_data,
                             [INT32_DATA] = from->n_int32_data,
                             [INT64_DATA] = from->n_int64_data,
                             [DOUBLE_DATA] = from->n_double_data,
                             [UINT64_DATA] = from->n_uint64_data};
    *typed = counts[type->typed];
    const size_t others = typed_numbers(from) - *typed;
    const bool raw = from->has_raw_data && from->raw_data.len > 0;
    if (others > 0 || (raw && *typed > 0))
        return rt_fail(RT_ERROR_INPUT,
                       "tensor '%s' has its numbers in two places, or as another "
                       "type than it says",
                       to->name);
    if (raw ? from->raw_data.len != to->count * item : *typed != to->count)
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' has %zu %s where its shape needs %llu",
                       to->name, raw ? from->raw_data.len : *typed, raw ? "bytes" : "numbers",
                       (unsigned long long)(raw ? to->count * item : to->count));
    return RT_OK;
}

static rt_status read_floats(rt_arena *arena, const Onnx__TensorProto *from, const data_type *type,
                             size_t typed, const uint8_t *raw, rt_onnx_tensor *to)
{
    float *const values = rt_arena_alloc(arena, to->count, sizeof *values);
    to->floats = values;
    if (values == NULL) return RT_ERROR_MEMORY;
    if (typed > 0 && type->typed == FLOAT_DATA) {
        memcpy(values, from->float_data, to->count * sizeof *values);
        return RT_OK;
    }
    if (typed > 0 && type->typed == DOUBLE_DATA) {
        for (uint64_t i = 0; i < to->count; i++) values[i] = (float)from->double_data[i];
        return RT_OK;
    }
    rt_safetensors_entry entry = {
        .name = to->name, .type = type->raw, .count = to->count, .data = raw};
    uint16_t *halves = NULL;
    if (typed > 0) { /* a half each in the low bits of a whole number */
        RT_TRY(RT_ALLOC(halves, to->count));
        for (uint64_t i = 0; i < to->count; i++) halves[i] = (uint16_t)from->int32_data[i];
        entry.data = halves;
    }
    entry.size = to->count * rt_safetensors_type_size(type->raw);
    const rt_status status = rt_safetensors_floats(&entry, values);
    rt_free(halves);
    return status;
}

/* Item `i` of raw data, which may be unaligned. */
static int64_t raw_whole(rt_safetensors_type type, const uint8_t *data, uint64_t i)
{
    const size_t size = rt_safetensors_type_size(type);
    uint64_t bits = 0;
    memcpy(&bits, data + i * size, size); /* little-endian, as the file is */
    switch (type) {
    case RT_SAFETENSORS_I32:
        return (int32_t)bits;
    case RT_SAFETENSORS_I16:
        return (int16_t)bits;
    case RT_SAFETENSORS_I8:
        return (int8_t)bits;
    default:
        return (int64_t)bits;
    }
}

static rt_status read_wholes(rt_arena *arena, const Onnx__TensorProto *from, const data_type *type,
                             size_t typed, const uint8_t *raw, rt_onnx_tensor *to)
{
    int64_t *const values = rt_arena_alloc(arena, to->count, sizeof *values);
    to->wholes = values;
    if (values == NULL) return RT_ERROR_MEMORY;
    for (uint64_t i = 0; i < to->count; i++) {
        if (typed == 0)
            values[i] = raw_whole(type->raw, raw, i);
        else if (type->typed == INT64_DATA)
            values[i] = from->int64_data[i];
        else if (type->typed == UINT64_DATA)
            values[i] = (int64_t)from->uint64_data[i];
        else
            values[i] = from->int32_data[i];
    }
    return RT_OK;
}

static rt_status read_numbers(rt_arena *arena, const Onnx__TensorProto *from, const data_type *type,
                              size_t typed, const uint8_t *raw, rt_onnx_tensor *to)
{
    to->whole = type->whole;
    if (to->count == 0) return RT_OK; /* an optional input that a writer states as empty */
    return type->whole ? read_wholes(arena, from, type, typed, raw, to)
                       : read_floats(arena, from, type, typed, raw, to);
}

static rt_status read_external(rt_onnx_source *source, const Onnx__TensorProto *from,
                               const data_type *type, size_t item, rt_onnx_tensor *to)
{
    rt_buffer raw = {0};
    if (from->raw_data.len > 0 || typed_numbers(from) > 0)
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' has numbers here and in another file",
                       to->name);
    rt_status status = rt_onnx_read_external(source, from, to->count * item, &raw);
    if (status == RT_OK) status = read_numbers(source->arena, from, type, 0, raw.data, to);
    if (status == RT_ERROR_INPUT) rt_error_prefix("tensor '%s': ", to->name);
    rt_buffer_clear(&raw);
    return status;
}

rt_status rt_onnx_read_tensor(rt_onnx_source *source, const Onnx__TensorProto *from,
                              rt_onnx_tensor *to)
{
    *to = (rt_onnx_tensor){.name = rt_arena_strdup(source->arena, rt_onnx_text(from->name))};
    if (to->name == NULL) return RT_ERROR_MEMORY;
    const data_type *type = NULL;
    for (size_t i = 0; i < RT_COUNT(data_types) && type == NULL; i++)
        if (from->has_data_type && data_types[i].type == from->data_type) type = &data_types[i];
    if (type == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "tensor '%s' is of ONNX's type %d; float, double, float16, bfloat16, whole "
                       "numbers and bool can be read",
                       to->name, from->has_data_type ? from->data_type : 0);
    const size_t item = rt_safetensors_type_size(type->raw);
    size_t typed;
    RT_TRY(read_shape(from, item, to));
    if (rt_onnx_is_external(from)) return read_external(source, from, type, item, to);
    RT_TRY(find_data(from, type, item, to, &typed));
    return read_numbers(source->arena, from, type, typed, from->raw_data.data, to);
}
