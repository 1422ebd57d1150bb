/* Values of tensors as float32, whatever their type in the file. */
#include "common/formats/safetensors.h"

#include <math.h>
#include <string.h>

/* IEEE 754 binary16; every value of it is a float. */
static float from_half(uint16_t half)
{
    const uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
    float value;
    if (exponent == 31)
        value = fraction != 0 ? NAN : INFINITY;
    else if (exponent == 0)
        value = ldexpf((float)fraction, -24);
    else
        value = ldexpf((float)(fraction | 1024), (int)exponent - 25);
    return half & 0x8000 ? -value : value;
}

static float from_brain_float(uint16_t bits)
{
    const uint32_t word = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

/* Reads item `i` of unaligned data. */
#define ITEM(type, data, i)                                                                        \
    ({                                                                                             \
        type item_;                                                                                \
        memcpy(&item_, (const char *)(data) + (i) * sizeof(type), sizeof(type));                   \
        item_;                                                                                     \
    })

/* Item `i` as a double (exact but for large I64), or false for a type that is not decoded. */
static bool value_at(const rt_safetensors_entry *entry, uint64_t i, double *value)
{
    switch (entry->type) {
    case RT_SAFETENSORS_F64:
        *value = ITEM(double, entry->data, i);
        return true;
    case RT_SAFETENSORS_F32:
        *value = ITEM(float, entry->data, i);
        return true;
    case RT_SAFETENSORS_F16:
        *value = from_half(ITEM(uint16_t, entry->data, i));
        return true;
    case RT_SAFETENSORS_BF16:
        *value = from_brain_float(ITEM(uint16_t, entry->data, i));
        return true;
    case RT_SAFETENSORS_I64:
        *value = (double)ITEM(int64_t, entry->data, i);
        return true;
    case RT_SAFETENSORS_I32:
        *value = ITEM(int32_t, entry->data, i);
        return true;
    case RT_SAFETENSORS_I16:
        *value = ITEM(int16_t, entry->data, i);
        return true;
    case RT_SAFETENSORS_I8:
        *value = ITEM(int8_t, entry->data, i);
        return true;
    case RT_SAFETENSORS_U8:
        *value = ITEM(uint8_t, entry->data, i);
        return true;
    case RT_SAFETENSORS_BOOL:
        *value = ITEM(uint8_t, entry->data, i) != 0;
        return true;
    default:
        return false;
    }
}

rt_status rt_safetensors_floats(const rt_safetensors_entry *entry, float *values)
{
    if (entry->type == RT_SAFETENSORS_F32) {
        memcpy(values, entry->data, entry->size);
        return RT_OK;
    }
    for (uint64_t i = 0; i < entry->count; i++) {
        double value;
        if (!value_at(entry, i, &value))
            return rt_fail(RT_ERROR_INPUT,
                           "tensor '%s' is of the unsupported type %s; convert it to F32",
                           entry->name, rt_safetensors_type_name(entry->type));
        values[i] = (float)value;
    }
    return RT_OK;
}

rt_status rt_safetensors_check_finite(const rt_safetensors *file)
{
    for (size_t t = 0; t < file->entry_count; t++) {
        const rt_safetensors_entry *entry = &file->entries[t];
        if (entry->type > RT_SAFETENSORS_BF16) continue;
        for (uint64_t i = 0; i < entry->count; i++) {
            double value = 0;
            if (value_at(entry, i, &value) && !isfinite(value))
                return rt_fail(RT_ERROR_NUMERIC, "tensor '%s' holds %f at element %llu",
                               entry->name, value, (unsigned long long)i);
        }
    }
    return RT_OK;
}
