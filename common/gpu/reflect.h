#ifndef RT_GPU_REFLECT_H
#define RT_GPU_REFLECT_H

/**
 * A small SPIR-V reader: what a compute shader wants bound, by name. So host and shader cannot
 * disagree silently. Names point into the SPIR-V words, which must outlive the interface.
 */

#include "common/base/status.h"

#include <stdint.h>
#include <vulkan/vulkan.h>

enum { RT_REFLECT_BINDINGS = 12, RT_REFLECT_CONSTANTS = 32 };

typedef enum rt_shader_type {
    RT_SHADER_BOOL,
    RT_SHADER_INT,
    RT_SHADER_UINT,
    RT_SHADER_FLOAT
} rt_shader_type;

/** A specialization constant or a member of the push-constant block. */
typedef struct rt_shader_number {
    const char *name;
    rt_shader_type type;
    uint32_t place;    ///< constant_id, or byte offset in the block
    uint32_t fallback; ///< bits of a specialization constant's default
} rt_shader_number;

typedef struct rt_shader_binding {
    const char *name;      ///< of the variable; of its block where the variable has none
    uint32_t number;       ///< layout(binding = number), set 0
    VkDescriptorType type; ///< storage buffer, storage texel buffer or uniform texel buffer
    bool writes;           ///< it is not `readonly`
} rt_shader_binding;

/** One dimension of the workgroup. */
typedef struct rt_shader_size {
    bool specialized;
    uint32_t value; ///< the size, or the constant_id that gives it
} rt_shader_size;

typedef struct rt_shader_interface {
    const char *entry_point;
    rt_shader_binding bindings[RT_REFLECT_BINDINGS]; ///< by number
    uint32_t binding_count;
    rt_shader_number constants[RT_REFLECT_CONSTANTS]; ///< named specialization constants
    uint32_t constant_count;
    rt_shader_number push[RT_REFLECT_CONSTANTS]; ///< members of the push-constant block
    uint32_t push_count;
    uint32_t push_bytes;
    rt_shader_size local_size[3];
} rt_shader_interface;

/** Reads `count` words. Errors: RT_ERROR_INTERNAL (damaged, or something that Retort's shaders must
 *  not use: other sets, other descriptors, texel formats but RGBA32F, numbers but 32-bit ones). */
RT_CHECKED rt_status rt_reflect(rt_shader_interface *interface, const char *shader,
                                const uint32_t *words, size_t count);

#endif
