/* Named numbers of a dispatch, turned into the bits that its shader declares. */

#include "common/gpu/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The position of `name`, or `count`. */
static uint32_t find(const rt_shader_number *numbers, uint32_t count, const char *name)
{
    uint32_t i = 0;
    while (i < count && strcmp(numbers[i].name, name) != 0) i++;
    return i;
}

static bool is_whole(double value, double low, double high)
{
    return value >= low && value <= high && value == floor(value);
}

static rt_status convert(const char *shader, const rt_shader_number *number, double value,
                         uint32_t *bits)
{
    const float real = (float)value;
    bool fits = true;
    switch (number->type) {
    case RT_SHADER_BOOL:
        *bits = value != 0;
        break;
    case RT_SHADER_FLOAT:
        memcpy(bits, &real, sizeof real);
        break;
    case RT_SHADER_INT:
        fits = is_whole(value, INT32_MIN, INT32_MAX);
        if (fits) *bits = (uint32_t)(int32_t)value;
        break;
    case RT_SHADER_UINT:
        fits = is_whole(value, 0, UINT32_MAX);
        if (fits) *bits = (uint32_t)value;
        break;
    }
    if (fits) return RT_OK;
    return rt_fail(RT_ERROR_INTERNAL, "shader '%s': %.17g does not fit the %s '%s'", shader, value,
                   number->type == RT_SHADER_INT ? "int" : "uint", number->name);
}

rt_status rt_shader_constants(const rt_device *device, const rt_shader *shader,
                              const rt_dispatch *dispatch, uint32_t values[RT_REFLECT_CONSTANTS])
{
    const rt_shader_interface *interface = &shader->interface;
    memset(values, 0, RT_REFLECT_CONSTANTS * sizeof values[0]);
    for (uint32_t i = 0; i < interface->constant_count; i++) {
        const bool lanes = strcmp(interface->constants[i].name, "LANES") == 0;
        values[i] = lanes ? device->info.subgroup_size : interface->constants[i].fallback;
    }
    for (int i = 0; i < RT_MAXIMUM_CONSTANTS && dispatch->constants[i].name != NULL; i++) {
        const rt_constant *given = &dispatch->constants[i];
        const uint32_t place = find(interface->constants, interface->constant_count, given->name);
        if (place == interface->constant_count) {
            return rt_fail(RT_ERROR_INTERNAL, "shader '%s' has no specialization constant '%s'",
                           shader->name, given->name);
        }
        RT_TRY(convert(shader->name, &interface->constants[place], given->value, &values[place]));
    }
    return RT_OK;
}

static bool is_texel(const rt_shader_binding *binding)
{
    return binding->type != VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
}

/* Fills X_offset of every texel binding X and marks it in `given`. */
static rt_status add_offsets(const rt_shader *shader, const rt_dispatch *dispatch, uint32_t *block,
                             bool given[RT_REFLECT_CONSTANTS])
{
    const rt_shader_interface *interface = &shader->interface;
    for (uint32_t i = 0; i < interface->binding_count; i++) {
        const rt_shader_binding *binding = &interface->bindings[i];
        if (!is_texel(binding)) continue;
        char name[128];
        snprintf(name, sizeof name, "%s_offset", binding->name);
        const uint32_t place = find(interface->push, interface->push_count, name);
        if (place == interface->push_count) {
            return rt_fail(RT_ERROR_INTERNAL,
                           "shader '%s' has no push constant '%s' for its texel buffer",
                           shader->name, name);
        }
        const rt_shader_number *member = &interface->push[place];
        RT_TRY(convert(shader->name, member, (double)(dispatch->bindings[i].offset / 16),
                       &block[member->place / 4]));
        given[place] = true;
    }
    return RT_OK;
}

rt_status rt_shader_push(const rt_shader *shader, const rt_dispatch *dispatch,
                         uint32_t block[RT_PUSH_BYTES / 4])
{
    const rt_shader_interface *interface = &shader->interface;
    bool given[RT_REFLECT_CONSTANTS] = {0};
    RT_TRY(add_offsets(shader, dispatch, block, given));
    for (int i = 0; i < RT_MAXIMUM_CONSTANTS && dispatch->push[i].name != NULL; i++) {
        const rt_constant *value = &dispatch->push[i];
        const uint32_t place = find(interface->push, interface->push_count, value->name);
        if (place == interface->push_count) {
            return rt_fail(RT_ERROR_INTERNAL, "shader '%s' has no push constant '%s'", shader->name,
                           value->name);
        }
        if (given[place]) {
            return rt_fail(RT_ERROR_INTERNAL, "shader '%s': push constant '%s' is given twice",
                           shader->name, value->name);
        }
        const rt_shader_number *member = &interface->push[place];
        RT_TRY(convert(shader->name, member, value->value, &block[member->place / 4]));
        given[place] = true;
    }
    for (uint32_t i = 0; i < interface->push_count; i++) {
        if (!given[i]) {
            return rt_fail(RT_ERROR_INTERNAL, "shader '%s': no value for push constant '%s'",
                           shader->name, interface->push[i].name);
        }
    }
    return RT_OK;
}
