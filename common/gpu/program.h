#ifndef RT_GPU_PROGRAM_H
#define RT_GPU_PROGRAM_H

/**
 * A recorded sequence of dispatches and copies, submitted as often as needed.
 *     RT_TRY(rt_program_begin(&program, device, "step", options));
 *     RT_TRY(rt_program_dispatch(program, &(rt_dispatch){
 *         .shader = "leaky_relu_forward",
 *         .constants = {RT_CONSTANT("NEGATIVE_SLOPE", 0.2)},   // specialization constants
 *         .push = {RT_CONSTANT("count", vec4_count)},          // push constants
 *         .bindings = {x, y},                                  // in order of their binding number
 *         .groups = {rt_groups(vec4_count, 256 * 4), 1, 1},
 *         .label = "leaky_relu forward"}));
 *     RT_TRY(rt_program_end(program));
 *     RT_TRY(rt_program_submit(program)); ... RT_TRY(rt_program_wait(program));
 * Everything is bound by the names in the SPIR-V; a name that the shader does not have is an
 * internal error. Pipelines are made once per (shader, constants) and device.
 *
 * What the recorder supplies by itself, where the shader declares it:
 *   specialization constants LANES (the device's subgroup size);
 *   for a texel-buffer binding named X a push constant `X_offset` (int): the vec4 index in the
 *   view at which the bound range begins. The view spans the whole buffer, so texel 0 is the zero
 *   texel: `imageLoad(X, inside ? X_offset + i : 0)`.
 * A command sees all writes of the commands before it. Those that share no memory that one of them
 * writes may run side by side: a shader writes to what is not `readonly` in it.
 */

#include "common/gpu/device.h"

typedef struct rt_program rt_program;

/** A named number; converted to the type (int, uint, float, bool) that the shader declares. */
typedef struct rt_constant {
    const char *name;
    double value;
} rt_constant;
#define RT_CONSTANT(constant_name, constant_value)                                                 \
    (rt_constant) { .name = (constant_name), .value = (double)(constant_value) }

enum { RT_MAXIMUM_CONSTANTS = 24, RT_MAXIMUM_BINDINGS = 12 };

typedef struct rt_dispatch {
    const char *shader; ///< name of the .comp file without ending
    rt_constant constants[RT_MAXIMUM_CONSTANTS];
    rt_constant push[RT_MAXIMUM_CONSTANTS];
    rt_gpu_range bindings[RT_MAXIMUM_BINDINGS]; ///< a shader's unused tail is left {0}
    uint32_t groups[3];                         ///< workgroups; a 0 counts as 1
    const char *label;                          ///< for timings; kept, not copied; may be NULL
} rt_dispatch;

typedef struct rt_program_options {
    bool timestamps; ///< measure every command (rt_program_timings)
} rt_program_options;

RT_CHECKED rt_status rt_program_begin(rt_program **program, rt_device *device, const char *name,
                                      const rt_program_options *options);
RT_CHECKED rt_status rt_program_dispatch(rt_program *program, const rt_dispatch *dispatch);
/** Copies `size` bytes, the smaller of both ranges. */
RT_CHECKED rt_status rt_program_copy(rt_program *program, rt_gpu_range to, rt_gpu_range from);
/** Fills a range with a 32-bit word (0, or a NaN pattern in tests). */
RT_CHECKED rt_status rt_program_fill(rt_program *program, rt_gpu_range range, uint32_t word);
RT_CHECKED rt_status rt_program_end(rt_program *program);
/** Commands recorded so far: the number of timings that a run will give. */
uint32_t rt_program_command_count(const rt_program *program);
/** Starts a run; returns at once. One run of a program at a time: wait before submitting it again.
 *  Programs submitted in turn run in turn. Errors: RT_ERROR_DEVICE (lost, out of memory). */
RT_CHECKED rt_status rt_program_submit(rt_program *program);
/** Waits for the last submission; at once when there is none. Errors: RT_ERROR_DEVICE. */
RT_CHECKED rt_status rt_program_wait(rt_program *program);
void rt_program_free(rt_program *program);
/** The device it is recorded for (kernels choose their tiles by rt_device_describe). */
rt_device *rt_program_device(const rt_program *program);

/** One measured command of the last run. */
typedef struct rt_timing {
    const char *label;
    const char *shader; ///< "copy", "fill" or the shader's name
    double seconds;
} rt_timing;
/** Timings of the last waited-for run; valid until the next submission. */
RT_CHECKED rt_status rt_program_timings(rt_program *program, const rt_timing **timings,
                                        uint32_t *count);

/** Whether a pipeline for this shader and these constants exists already (then nothing compiles).
 */
bool rt_pipeline_is_ready(rt_device *device, const rt_dispatch *dispatch);

/** Workgroups needed for `count` items of `per_group` each, at least 1. */
static inline uint32_t rt_groups(uint64_t count, uint64_t per_group)
{
    const uint64_t groups = (count + per_group - 1) / per_group;
    return groups > 0 ? (uint32_t)groups : 1;
}

#endif
