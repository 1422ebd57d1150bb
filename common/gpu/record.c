/* The commands of a program: checked and made ready; emit.c records them. */

#include "common/gpu/program_private.h"

#include <stdio.h>

enum { RANGE_UNIT = 256 }; /* of binding offsets: what every device allows */

/* A zeroed place for one more command. */
static rt_status add_command(rt_program *program, rt_program_command **added)
{
    if (program->count == program->capacity) {
        const uint32_t capacity = program->capacity == 0 ? 64 : 2 * program->capacity;
        rt_program_command *list = rt_realloc(program->list, capacity, sizeof *list);
        if (list == NULL) return RT_ERROR_MEMORY;
        program->list = list;
        program->capacity = capacity;
    }
    *added = &program->list[program->count];
    **added = (rt_program_command){.first_access = program->access_count};
    return RT_OK;
}

static rt_status add_access(rt_program *program, rt_program_command *command,
                            const rt_gpu_range *range, bool writes)
{
    if (program->access_count == program->access_capacity) {
        const uint32_t capacity =
            program->access_capacity == 0 ? 256 : 2 * program->access_capacity;
        rt_access *accesses = rt_realloc(program->accesses, capacity, sizeof *accesses);
        if (accesses == NULL) return RT_ERROR_MEMORY;
        program->accesses = accesses;
        program->access_capacity = capacity;
    }
    program->accesses[program->access_count++] = rt_access_of(range, writes);
    command->access_count++;
    return RT_OK;
}

static rt_status check_open(const rt_program *program)
{
    if (!program->recorded) return RT_OK;
    return rt_fail(RT_ERROR_INTERNAL, "program '%s' is recorded already", program->name);
}

static rt_status check_texel(const rt_program *program, const rt_shader *shader, uint32_t i,
                             const rt_gpu_range *range)
{
    if (range->buffer->view != VK_NULL_HANDLE) return RT_OK;
    return rt_fail(RT_ERROR_DEVICE,
                   "shader '%s': the buffer of '%s' has %llu texels, '%s' allows %llu in a texel "
                   "buffer; another kernel is needed",
                   shader->name, shader->interface.bindings[i].name,
                   (unsigned long long)(range->buffer->size / 16), program->device->info.name,
                   (unsigned long long)program->device->info.maximum_texel_elements);
}

static rt_status check_binding(const rt_program *program, const rt_shader *shader, uint32_t i,
                               const rt_gpu_range *range)
{
    const rt_shader_binding *binding = &shader->interface.bindings[i];
    char what[256];
    snprintf(what, sizeof what, "shader '%s', binding %u '%s'", shader->name, binding->number,
             binding->name);
    RT_TRY(rt_gpu_range_check(range, true, what));
    if (range->size == 0 || range->offset % RANGE_UNIT != 0 || range->buffer->kind != RT_GPU_WORK) {
        return rt_fail(RT_ERROR_INTERNAL,
                       "%s: needs a part of an RT_GPU_WORK buffer at a multiple of %d bytes", what,
                       (int)RANGE_UNIT);
    }
    if (binding->type != VK_DESCRIPTOR_TYPE_STORAGE_BUFFER)
        return check_texel(program, shader, i, range);
    if (range->size <= program->device->info.maximum_storage_range_bytes) return RT_OK;
    return rt_fail(RT_ERROR_DEVICE,
                   "%s: %llu bytes, '%s' allows %llu in a storage buffer; use a smaller batch",
                   what, (unsigned long long)range->size, program->device->info.name,
                   (unsigned long long)program->device->info.maximum_storage_range_bytes);
}

static rt_status check_dispatch(const rt_program *program, const rt_shader *shader,
                                const rt_dispatch *dispatch)
{
    const uint32_t count = shader->interface.binding_count;
    for (uint32_t i = 0; i < RT_MAXIMUM_BINDINGS; i++) {
        if (i < count) {
            RT_TRY(check_binding(program, shader, i, &dispatch->bindings[i]));
        } else if (dispatch->bindings[i].buffer != NULL) {
            return rt_fail(RT_ERROR_INTERNAL, "shader '%s' has %u bindings, more are given",
                           shader->name, count);
        }
    }
    for (int i = 0; i < 3; i++) {
        if (dispatch->groups[i] <= program->device->maximum_groups[i]) continue;
        return rt_fail(RT_ERROR_DEVICE,
                       "shader '%s': %u workgroups in dimension %d, '%s' allows %u; use a smaller "
                       "batch",
                       shader->name, dispatch->groups[i], i, program->device->info.name,
                       program->device->maximum_groups[i]);
    }
    return RT_OK;
}

static rt_status add_set_pool(rt_program *program)
{
    const rt_device *device = program->device;
    const uint32_t descriptors = RT_PROGRAM_POOL * RT_MAXIMUM_BINDINGS;
    const VkDescriptorPoolSize sizes[] = {
        {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, descriptors},
        {VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER, descriptors},
        {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, descriptors},
    };
    const VkDescriptorPoolCreateInfo create = {.sType =
                                                   VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                               .maxSets = RT_PROGRAM_POOL,
                                               .poolSizeCount = RT_COUNT(sizes),
                                               .pPoolSizes = sizes};
    VkDescriptorPool *pools =
        rt_realloc(program->set_pools, program->set_pool_count + 1, sizeof *pools);
    if (pools == NULL) return RT_ERROR_MEMORY;
    program->set_pools = pools;
    RT_TRY(rt_vulkan_check(RT_VULKAN(&device->calls, CreateDescriptorPool, device->device, &create,
                                     NULL, &pools[program->set_pool_count]),
                           "make a descriptor pool"));
    program->set_pool_count++;
    program->sets_left = RT_PROGRAM_POOL;
    return RT_OK;
}

static void fill_set(const rt_device *device, const rt_shader_interface *interface,
                     const rt_dispatch *dispatch, VkDescriptorSet set)
{
    VkDescriptorBufferInfo buffers[RT_MAXIMUM_BINDINGS];
    VkBufferView views[RT_MAXIMUM_BINDINGS];
    VkWriteDescriptorSet writes[RT_MAXIMUM_BINDINGS];
    for (uint32_t i = 0; i < interface->binding_count; i++) {
        const rt_gpu_range *range = &dispatch->bindings[i];
        /* Whole vec4s: the buffer's size is a multiple of 16, so the padding lies in it. */
        buffers[i] = (VkDescriptorBufferInfo){.buffer = range->buffer->buffer,
                                              .offset = range->offset,
                                              .range = (range->size + 15) / 16 * 16};
        views[i] = range->buffer->view;
        writes[i] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                           .dstSet = set,
                                           .dstBinding = interface->bindings[i].number,
                                           .descriptorCount = 1,
                                           .descriptorType = interface->bindings[i].type,
                                           .pBufferInfo = &buffers[i],
                                           .pTexelBufferView = &views[i]};
    }
    device->calls.UpdateDescriptorSets(device->device, interface->binding_count, writes, 0, NULL);
}

static rt_status make_set(rt_program *program, const rt_shader *shader, const rt_dispatch *dispatch,
                          VkDescriptorSet *set)
{
    const rt_device *device = program->device;
    if (program->sets_left == 0) RT_TRY(add_set_pool(program));
    const VkDescriptorSetAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = program->set_pools[program->set_pool_count - 1],
        .descriptorSetCount = 1,
        .pSetLayouts = &shader->set_layout};
    RT_TRY(rt_vulkan_check(
        RT_VULKAN(&device->calls, AllocateDescriptorSets, device->device, &allocate, set),
        "make a descriptor set"));
    program->sets_left--;
    fill_set(device, &shader->interface, dispatch, *set);
    return RT_OK;
}

static uint32_t at_least_one(uint32_t groups) { return groups > 0 ? groups : 1; }

/* What a dispatch counts as touching. A texel view spans its whole buffer, of which kernels read
 * the bound range; the validation layer takes it to read all, so under it that is what counts. */
static rt_gpu_range accessed(const rt_device *device, const rt_shader *shader, uint32_t binding,
                             const rt_gpu_range *range)
{
    const bool texel =
        shader->interface.bindings[binding].type != VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    if (!texel || device->messenger == VK_NULL_HANDLE) return *range;
    return (rt_gpu_range){range->buffer, 0, range->buffer->size};
}

rt_status rt_program_dispatch(rt_program *program, const rt_dispatch *dispatch)
{
    rt_device *device = program->device;
    rt_shader *shader;
    rt_program_command *command;
    RT_TRY(rt_shader_find(device, dispatch->shader, &shader));
    RT_TRY(check_dispatch(program, shader, dispatch));
    RT_TRY(check_open(program));
    RT_TRY(add_command(program, &command));
    command->label = dispatch->label;
    command->shader = shader->name;
    command->of = shader;
    RT_TRY(rt_shader_push(shader, dispatch, command->push));
    RT_TRY(rt_pipeline_get(device, shader, dispatch, &command->pipeline));
    RT_TRY(make_set(program, shader, dispatch, &command->set));
    for (int i = 0; i < 3; i++) command->groups[i] = at_least_one(dispatch->groups[i]);
    for (uint32_t i = 0; i < shader->interface.binding_count; i++) {
        const rt_gpu_range range = accessed(device, shader, i, &dispatch->bindings[i]);
        RT_TRY(add_access(program, command, &range, shader->interface.bindings[i].writes));
    }
    program->count++;
    return RT_OK;
}

rt_status rt_program_copy(rt_program *program, rt_gpu_range to, rt_gpu_range from)
{
    rt_program_command *command;
    RT_TRY(rt_gpu_range_check(&to, true, "copy"));
    RT_TRY(rt_gpu_range_check(&from, false, "copy"));
    to.size = from.size = to.size < from.size ? to.size : from.size;
    if (to.buffer == from.buffer && to.offset < from.offset + from.size &&
        from.offset < to.offset + to.size) {
        return rt_fail(RT_ERROR_INTERNAL, "copy: the ranges overlap in program '%s'",
                       program->name);
    }
    if (to.size == 0) return RT_OK;
    RT_TRY(check_open(program));
    RT_TRY(add_command(program, &command));
    command->kind = RT_COMMAND_COPY;
    command->label = command->shader = "copy";
    command->to = to;
    command->from = from;
    RT_TRY(add_access(program, command, &from, false));
    RT_TRY(add_access(program, command, &to, true));
    program->count++;
    return RT_OK;
}

rt_status rt_program_fill(rt_program *program, rt_gpu_range range, uint32_t word)
{
    rt_program_command *command;
    RT_TRY(rt_gpu_range_check(&range, true, "fill"));
    if (range.size % 4 != 0 || range.offset % 4 != 0) {
        return rt_fail(RT_ERROR_INTERNAL, "fill: %llu bytes at %llu are not whole words",
                       (unsigned long long)range.size, (unsigned long long)range.offset);
    }
    if (range.size == 0) return RT_OK;
    RT_TRY(check_open(program));
    RT_TRY(add_command(program, &command));
    command->kind = RT_COMMAND_FILL;
    command->label = command->shader = "fill";
    command->to = range;
    command->word = word;
    RT_TRY(add_access(program, command, &range, true));
    program->count++;
    return RT_OK;
}
