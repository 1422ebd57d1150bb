#include "common/gpu/program_private.h"

static rt_status begin(rt_program *program)
{
    rt_device *device = program->device;
    RT_TRY(rt_device_make_commands(device, &program->command_pool, &program->commands,
                                   &program->fence));
    const VkCommandBufferBeginInfo begin_info = {.sType =
                                                     VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    return rt_vulkan_check(
        RT_VULKAN(&device->calls, BeginCommandBuffer, program->commands, &begin_info),
        "record a program");
}

rt_status rt_program_begin(rt_program **begun, rt_device *device, const char *name,
                           const rt_program_options *options)
{
    rt_status status = RT_OK;
    rt_program *program;
    *begun = NULL;
    RT_TRY(RT_ALLOC(program, 1));
    program->device = device;
    program->measured =
        options != NULL && options->timestamps && device->info.timestamp_nanoseconds > 0;
    program->name = rt_strdup(name);
    if (program->name == NULL) {
        status = RT_ERROR_MEMORY;
        goto done;
    }
    RT_TRY_DONE(begin(program));
    *begun = program;
done:
    if (status != RT_OK) rt_program_free(program);
    return status;
}

rt_status rt_program_end(rt_program *program)
{
    rt_device *device = program->device;
    if (program->recorded) {
        return rt_fail(RT_ERROR_INTERNAL, "program '%s' is recorded already", program->name);
    }
    RT_TRY(RT_ALLOC(program->timings, program->count));
    RT_TRY(rt_program_emit(program));
    rt_device_barrier_to_host(device, program->commands);
    RT_TRY(rt_vulkan_check(RT_VULKAN(&device->calls, EndCommandBuffer, program->commands),
                           "record a program"));
    program->recorded = true;
    return RT_OK;
}

rt_status rt_program_submit(rt_program *program)
{
    if (!program->recorded || program->submitted) {
        return rt_fail(RT_ERROR_INTERNAL, "program '%s' is %s", program->name,
                       program->recorded ? "running: wait for it" : "not recorded yet");
    }
    program->finished = false;
    RT_TRY(rt_device_submit(program->device, program->commands, program->fence, program->name));
    program->submitted = true;
    return RT_OK;
}

rt_status rt_program_wait(rt_program *program)
{
    if (!program->submitted) return RT_OK;
    program->submitted = false; /* after a failure too: the device is idle then */
    RT_TRY(rt_device_wait_fence(program->device, program->fence, program->name));
    program->finished = true;
    return RT_OK;
}

static void free_objects(const rt_program *program)
{
    const rt_device *device = program->device;
    const rt_vulkan_calls *calls = &device->calls;
    if (program->submitted) calls->DeviceWaitIdle(device->device);
    for (uint32_t i = 0; i < program->set_pool_count; i++) {
        calls->DestroyDescriptorPool(device->device, program->set_pools[i], NULL);
    }
    for (uint32_t i = 0; i < program->query_pool_count; i++) {
        calls->DestroyQueryPool(device->device, program->query_pools[i], NULL);
    }
    calls->DestroyFence(device->device, program->fence, NULL);
    calls->DestroyCommandPool(device->device, program->command_pool, NULL);
}

void rt_program_free(rt_program *program)
{
    if (program == NULL) return;
    if (!program->device->hung) free_objects(program); /* else the device may still use them */
    rt_free(program->set_pools);
    rt_free(program->query_pools);
    rt_free(program->list);
    rt_free(program->accesses);
    rt_free(program->timings);
    rt_free(program->name);
    rt_free(program);
}

rt_device *rt_program_device(const rt_program *program) { return program->device; }

uint32_t rt_program_command_count(const rt_program *program) { return program->count; }

static rt_status read_stamp(const rt_program *program, uint32_t number, uint64_t *ticks)
{
    const rt_device *device = program->device;
    return rt_vulkan_check(RT_VULKAN(&device->calls, GetQueryPoolResults, device->device,
                                     program->query_pools[number / RT_PROGRAM_POOL],
                                     number % RT_PROGRAM_POOL, 1, sizeof *ticks, ticks,
                                     sizeof *ticks, VK_QUERY_RESULT_64_BIT),
                           "read a time stamp");
}

rt_status rt_program_timings(rt_program *program, const rt_timing **timings, uint32_t *count)
{
    const rt_device *device = program->device;
    *timings = NULL;
    *count = 0;
    if (!program->finished) {
        return rt_fail(RT_ERROR_INTERNAL, "program '%s' has not run: no timings", program->name);
    }
    if (!program->measured) return RT_OK;
    uint64_t before;
    RT_TRY(read_stamp(program, 0, &before));
    for (uint32_t i = 0; i < program->count; i++) {
        uint64_t after;
        RT_TRY(read_stamp(program, i + 1, &after));
        const uint64_t ticks = (after - before) & device->timestamp_mask;
        program->timings[i] =
            (rt_timing){.label = program->list[i].label,
                        .shader = program->list[i].shader,
                        .seconds = (double)ticks * device->info.timestamp_nanoseconds * 1e-9};
        before = after;
    }
    *timings = program->timings;
    *count = program->count;
    return RT_OK;
}
