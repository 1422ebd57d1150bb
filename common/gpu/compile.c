/* Compiling pipelines. What a program needs is compiled at its end, all at once, so that the cores
 * share the work: a driver takes 5 ms to a second for each. */

#include "common/gpu/pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* Whether the shader counts on workgroups made of whole subgroups of the reported size. */
static bool needs_lanes(const rt_device *device, const rt_shader *shader, const uint32_t *values)
{
    if (!device->subgroup_size_control) return false;
    for (uint32_t i = 0; i < shader->interface.constant_count; i++) {
        if (strcmp(shader->interface.constants[i].name, "LANES") == 0)
            return values[i] == device->info.subgroup_size &&
                   rt_shader_local_size(&shader->interface, values, 0) % values[i] == 0;
    }
    return false;
}

static rt_status compile(const rt_device *device, rt_pipeline *pipeline)
{
    const rt_shader *shader = pipeline->shader;
    const rt_shader_interface *interface = &shader->interface;
    VkSpecializationMapEntry entries[RT_REFLECT_CONSTANTS];
    for (uint32_t i = 0; i < interface->constant_count; i++) {
        entries[i] = (VkSpecializationMapEntry){
            .constantID = interface->constants[i].place, .offset = i * 4, .size = 4};
    }
    const VkSpecializationInfo specialization = {.mapEntryCount = interface->constant_count,
                                                 .pMapEntries = entries,
                                                 .dataSize = sizeof pipeline->values,
                                                 .pData = pipeline->values};
    const VkPipelineShaderStageRequiredSubgroupSizeCreateInfoEXT lanes = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO_EXT,
        .requiredSubgroupSize = device->info.subgroup_size};
    const bool full = needs_lanes(device, shader, pipeline->values);
    const VkComputePipelineCreateInfo create = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .pNext = full ? &lanes : NULL,
                  .flags =
                      full ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT_EXT : 0,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = shader->module,
                  .pName = interface->entry_point,
                  .pSpecializationInfo = &specialization},
        .layout = shader->layout};
    const VkResult result = RT_VULKAN(&device->calls, CreateComputePipelines, device->device,
                                      VK_NULL_HANDLE, 1, &create, NULL, &pipeline->pipeline);
    if (result == VK_SUCCESS) return RT_OK;
    return rt_fail(RT_ERROR_DEVICE, "cannot compile shader '%s' for '%s': %s", shader->name,
                   device->info.name, rt_vulkan_result_text(result));
}

enum { MAXIMUM_THREADS = 16, MESSAGE_SIZE = 512 };

/* What the threads share. */
typedef struct work {
    const rt_device *device;
    rt_pipeline *const *pipelines;
    uint32_t count;
    _Atomic uint32_t next;
    _Atomic bool failed; /* a second thread that fails keeps its message to itself */
    rt_status status;
    char message[MESSAGE_SIZE];
} work;

static void *compile_some(void *context)
{
    work *w = context;
    for (uint32_t i = w->next++; i < w->count && !w->failed; i = w->next++) {
        const rt_status status = compile(w->device, w->pipelines[i]);
        if (status == RT_OK || atomic_exchange(&w->failed, true)) continue;
        w->status = status;
        rt_error_take(w->message, sizeof w->message);
    }
    return NULL;
}

/* This thread works too; where no other can be had, alone. */
static rt_status compile_all(work *w)
{
    pthread_t threads[MAXIMUM_THREADS];
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long wanted = cores < MAXIMUM_THREADS ? cores : MAXIMUM_THREADS;
    if (wanted > (long)w->count) wanted = (long)w->count;
    long started = 0;
    while (started < wanted - 1 && pthread_create(&threads[started], NULL, compile_some, w) == 0)
        started++;
    compile_some(w);
    for (long i = 0; i < started; i++) pthread_join(threads[i], NULL);
    if (w->failed) rt_error_give(w->message);
    return w->status;
}

static bool is_among(rt_pipeline *const *pipelines, uint32_t count, const rt_pipeline *pipeline)
{
    for (uint32_t i = 0; i < count; i++)
        if (pipelines[i] == pipeline) return true;
    return false;
}

rt_status rt_pipelines_compile(const rt_device *device, rt_pipeline *const *pipelines,
                               uint32_t count)
{
    rt_pipeline **waiting;
    RT_TRY(RT_ALLOC(waiting, count));
    work w = {.device = device, .pipelines = waiting, .status = RT_OK};
    for (uint32_t i = 0; i < count; i++)
        if (pipelines[i]->pipeline == VK_NULL_HANDLE && !is_among(waiting, w.count, pipelines[i]))
            waiting[w.count++] = pipelines[i];
    const rt_status status = compile_all(&w);
    rt_free(waiting);
    return status;
}
