/* Recording what a program holds into its command buffer. */

#include "common/gpu/program_private.h"

/* Takes time stamp `number`; numbers come in order. Nothing when the program is not measured. */
static rt_status stamp(rt_program *program, uint32_t number)
{
    if (!program->measured) return RT_OK;
    const rt_device *device = program->device;
    if (number / RT_PROGRAM_POOL == program->query_pool_count) {
        const uint32_t count = program->query_pool_count;
        VkQueryPool *pools = rt_realloc(program->query_pools, count + 1, sizeof *pools);
        if (pools == NULL) return RT_ERROR_MEMORY;
        program->query_pools = pools;
        const VkQueryPoolCreateInfo create = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                              .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                              .queryCount = RT_PROGRAM_POOL};
        RT_TRY(rt_vulkan_check(RT_VULKAN(&device->calls, CreateQueryPool, device->device, &create,
                                         NULL, &pools[count]),
                               "make a query pool"));
        program->query_pool_count++;
        device->calls.CmdResetQueryPool(program->commands, pools[count], 0, RT_PROGRAM_POOL);
    }
    /* The bottom of the pipe: when all commands before have ended. */
    device->calls.CmdWriteTimestamp(program->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT,
                                    program->query_pools[number / RT_PROGRAM_POOL],
                                    number % RT_PROGRAM_POOL);
    return RT_OK;
}

static void emit_dispatch(const rt_program *program, const rt_program_command *command)
{
    const rt_vulkan_calls *calls = &program->device->calls;
    const VkCommandBuffer commands = program->commands;
    const rt_shader *shader = command->of;
    calls->CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, command->pipeline->pipeline);
    calls->CmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, shader->layout, 0, 1,
                                 &command->set, 0, NULL);
    if (shader->interface.push_bytes > 0) {
        calls->CmdPushConstants(commands, shader->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                shader->interface.push_bytes, command->push);
    }
    calls->CmdDispatch(commands, command->groups[0], command->groups[1], command->groups[2]);
}

static void emit_command(const rt_program *program, const rt_program_command *command)
{
    const rt_vulkan_calls *calls = &program->device->calls;
    const rt_gpu_range *to = &command->to, *from = &command->from;
    const VkBufferCopy region = {
        .srcOffset = from->offset, .dstOffset = to->offset, .size = to->size};
    switch (command->kind) {
    case RT_COMMAND_DISPATCH:
        emit_dispatch(program, command);
        break;
    case RT_COMMAND_COPY:
        calls->CmdCopyBuffer(program->commands, from->buffer->buffer, to->buffer->buffer, 1,
                             &region);
        break;
    case RT_COMMAND_FILL:
        calls->CmdFillBuffer(program->commands, to->buffer->buffer, to->offset, to->size,
                             command->word);
        break;
    }
}

/* The order of recording: that of the program, or, where commands can run side by side, all that
 * wait for nothing first, then all that waited for these, and so on: so the fewest barriers do. Not
 * where every command is measured, because those that run together have no time of their own. */
static rt_status find_order(const rt_program *program, uint32_t *order)
{
    for (uint32_t i = 0; i < program->count; i++) order[i] = i;
    if (program->measured || rt_device_is_cpu(&program->device->info)) return RT_OK;
    rt_status status = RT_OK;
    uint32_t *ends = NULL;
    RT_TRY(RT_ALLOC(ends, program->count));
    for (uint32_t i = 0; i < program->count; i++)
        ends[i] = program->list[i].first_access + program->list[i].access_count;
    status = rt_hazards_order(program->accesses, ends, program->count, order);
    rt_free(ends);
    return status;
}

static rt_status emit_in_order(rt_program *program, const uint32_t *order, rt_hazards *hazards)
{
    RT_TRY(stamp(program, 0));
    for (uint32_t i = 0; i < program->count; i++) {
        const rt_program_command *command = &program->list[order[i]];
        for (uint32_t a = 0; a < command->access_count; a++)
            rt_hazards_note(hazards, &program->accesses[command->first_access + a]);
        if (rt_hazards_end_command(hazards)) {
            rt_device_barrier(program->device, program->commands);
            program->barriers++;
        }
        emit_command(program, command);
        RT_TRY(stamp(program, i + 1));
    }
    return RT_OK;
}

static rt_status compile(const rt_program *program)
{
    rt_pipeline **pipelines;
    uint32_t count = 0;
    RT_TRY(RT_ALLOC(pipelines, program->count));
    for (uint32_t i = 0; i < program->count; i++)
        if (program->list[i].kind == RT_COMMAND_DISPATCH)
            pipelines[count++] = program->list[i].pipeline;
    const rt_status status = rt_pipelines_compile(program->device, pipelines, count);
    rt_free(pipelines);
    return status;
}

rt_status rt_program_emit(rt_program *program)
{
    rt_status status = RT_OK;
    rt_hazards *hazards = NULL;
    uint32_t *order = NULL;
    RT_TRY_DONE(compile(program));
    RT_TRY_DONE(RT_ALLOC(hazards, 1));
    RT_TRY_DONE(RT_ALLOC(order, program->count));
    RT_TRY_DONE(find_order(program, order));
    RT_TRY_DONE(emit_in_order(program, order, hazards));
done:
    rt_free(hazards);
    rt_free(order);
    return status;
}
