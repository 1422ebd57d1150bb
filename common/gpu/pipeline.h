#ifndef RT_GPU_PIPELINE_H
#define RT_GPU_PIPELINE_H

/**
 * The embedded shaders of a device and their pipelines, made once for each shader and set of
 * specialization constants.
 */

#include "common/gpu/device_private.h"
#include "common/gpu/program.h"

enum { RT_PUSH_BYTES = 128 }; ///< what every Vulkan device has (maxPushConstantsSize)

RT_CHECKED rt_status rt_shaders_init(rt_device *device);
/** Releases all modules and pipelines; fine after a failed rt_shaders_init. */
void rt_shaders_clear(rt_device *device);

/** Finds a shader by name and loads it. Errors: RT_ERROR_INTERNAL, no such shader. */
RT_CHECKED rt_status rt_shader_find(rt_device *device, const char *name, rt_shader **shader);

/** The pipeline for a dispatch, perhaps not compiled yet; the device owns it. Errors:
 *  RT_ERROR_INTERNAL for a constant that the shader lacks or that does not fit its type. */
RT_CHECKED rt_status rt_pipeline_get(rt_device *device, rt_shader *shader,
                                     const rt_dispatch *dispatch, rt_pipeline **pipeline);

/** Compiles those of the `count` pipelines that are not yet, on all cores (compile.c). One may
 *  stand in the list several times. Errors: RT_ERROR_DEVICE naming one that cannot be compiled. */
RT_CHECKED rt_status rt_pipelines_compile(const rt_device *device, rt_pipeline *const *pipelines,
                                          uint32_t count);

/** The workgroup's size in dimension `i` with these specialization constants. */
uint32_t rt_shader_local_size(const rt_shader_interface *interface, const uint32_t *values, int i);

/** The bits of every named specialization constant of the shader, defaults where none is given. */
RT_CHECKED rt_status rt_shader_constants(const rt_device *device, const rt_shader *shader,
                                         const rt_dispatch *dispatch,
                                         uint32_t values[RT_REFLECT_CONSTANTS]);
/** The push-constant block, the offsets of texel bindings included. Errors: RT_ERROR_INTERNAL for a
 *  name that the shader lacks, and for a member without a value. */
RT_CHECKED rt_status rt_shader_push(const rt_shader *shader, const rt_dispatch *dispatch,
                                    uint32_t block[RT_PUSH_BYTES / 4]);

#endif
