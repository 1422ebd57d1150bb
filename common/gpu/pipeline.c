#include "common/gpu/pipeline.h"

#include <assert.h>
#include <string.h>

static_assert((int)RT_REFLECT_BINDINGS == (int)RT_MAXIMUM_BINDINGS, "a dispatch binds all");
static_assert((int)RT_REFLECT_CONSTANTS >= (int)RT_MAXIMUM_CONSTANTS, "a dispatch sets all");

/* Made by scripts/embed.cmake from shaders/. */
typedef struct embedded_shader {
    const char *name;
    const unsigned char *begin;
    const unsigned char *end;
} embedded_shader;
extern const embedded_shader rt_embedded_shaders[];
extern const uint32_t rt_embedded_shader_count;

rt_status rt_shaders_init(rt_device *device)
{
    RT_TRY(RT_ALLOC(device->shaders, rt_embedded_shader_count));
    for (uint32_t i = 0; i < rt_embedded_shader_count; i++) {
        device->shaders[i].name = rt_embedded_shaders[i].name;
    }
    return RT_OK;
}

static void clear_shader(const rt_device *device, rt_shader *shader)
{
    const rt_vulkan_calls *calls = &device->calls;
    while (shader->pipelines != NULL) {
        rt_pipeline *pipeline = shader->pipelines;
        shader->pipelines = pipeline->next;
        if (!device->hung) calls->DestroyPipeline(device->device, pipeline->pipeline, NULL);
        rt_free(pipeline);
    }
    if (!device->hung) {
        calls->DestroyPipelineLayout(device->device, shader->layout, NULL);
        calls->DestroyDescriptorSetLayout(device->device, shader->set_layout, NULL);
        calls->DestroyShaderModule(device->device, shader->module, NULL);
    }
    *shader = (rt_shader){.name = shader->name};
}

void rt_shaders_clear(rt_device *device)
{
    if (device->shaders == NULL) return;
    for (uint32_t i = 0; i < rt_embedded_shader_count; i++) {
        clear_shader(device, &device->shaders[i]);
    }
    rt_free(device->shaders);
    device->shaders = NULL;
}

static rt_status make_layouts(const rt_device *device, rt_shader *shader)
{
    const rt_shader_interface *interface = &shader->interface;
    VkDescriptorSetLayoutBinding bindings[RT_REFLECT_BINDINGS];
    for (uint32_t i = 0; i < interface->binding_count; i++) {
        bindings[i] = (VkDescriptorSetLayoutBinding){.binding = interface->bindings[i].number,
                                                     .descriptorType = interface->bindings[i].type,
                                                     .descriptorCount = 1,
                                                     .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
    }
    const VkDescriptorSetLayoutCreateInfo create_set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = interface->binding_count,
        .pBindings = bindings};
    RT_TRY(rt_vulkan_check(RT_VULKAN(&device->calls, CreateDescriptorSetLayout, device->device,
                                     &create_set, NULL, &shader->set_layout),
                           "make a descriptor set layout"));
    const VkPushConstantRange push = {.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
                                      .size = interface->push_bytes};
    const VkPipelineLayoutCreateInfo create = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &shader->set_layout,
        .pushConstantRangeCount = interface->push_bytes > 0 ? 1 : 0,
        .pPushConstantRanges = &push};
    return rt_vulkan_check(RT_VULKAN(&device->calls, CreatePipelineLayout, device->device, &create,
                                     NULL, &shader->layout),
                           "make a pipeline layout");
}

static rt_status load(const rt_device *device, rt_shader *shader, const embedded_shader *embedded)
{
    const size_t bytes = (size_t)(embedded->end - embedded->begin);
    /* embed.cmake aligns to 16 bytes. */
    const uint32_t *words = (const uint32_t *)(const void *)embedded->begin;
    RT_TRY(rt_reflect(&shader->interface, shader->name, words, bytes / sizeof words[0]));
    if (shader->interface.push_bytes > RT_PUSH_BYTES) {
        return rt_fail(RT_ERROR_INTERNAL, "shader '%s': %u bytes of push constants, %d allowed",
                       shader->name, shader->interface.push_bytes, (int)RT_PUSH_BYTES);
    }
    const VkShaderModuleCreateInfo create = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO, .codeSize = bytes, .pCode = words};
    RT_TRY(rt_vulkan_check(RT_VULKAN(&device->calls, CreateShaderModule, device->device, &create,
                                     NULL, &shader->module),
                           "load a shader"));
    RT_TRY(make_layouts(device, shader));
    shader->loaded = true;
    return RT_OK;
}

rt_status rt_shader_find(rt_device *device, const char *name, rt_shader **shader)
{
    uint32_t i = 0;
    while (i < rt_embedded_shader_count && strcmp(device->shaders[i].name, name) != 0) i++;
    if (i == rt_embedded_shader_count) {
        return rt_fail(RT_ERROR_INTERNAL, "there is no shader '%s'", name);
    }
    *shader = &device->shaders[i];
    if ((*shader)->loaded) return RT_OK;
    const rt_status status = load(device, *shader, &rt_embedded_shaders[i]);
    if (status != RT_OK) clear_shader(device, *shader);
    return status;
}

static rt_pipeline *find_pipeline(const rt_shader *shader, const uint32_t *values)
{
    rt_pipeline *pipeline = shader->pipelines;
    while (pipeline != NULL && memcmp(pipeline->values, values, sizeof pipeline->values) != 0) {
        pipeline = pipeline->next;
    }
    return pipeline;
}

uint32_t rt_shader_local_size(const rt_shader_interface *interface, const uint32_t *values, int i)
{
    const rt_shader_size *size = &interface->local_size[i];
    if (!size->specialized) return size->value;
    for (uint32_t k = 0; k < interface->constant_count; k++) {
        if (interface->constants[k].place == size->value) return values[k];
    }
    return 1; /* a nameless constant keeps GLSL's default */
}

static rt_status check_local_size(const rt_device *device, const rt_shader *shader,
                                  const uint32_t *values)
{
    uint64_t invocations = 1;
    for (int i = 0; i < 3; i++) invocations *= rt_shader_local_size(&shader->interface, values, i);
    if (invocations >= 1 && invocations <= device->info.maximum_workgroup_invocations) return RT_OK;
    return rt_fail(RT_ERROR_INTERNAL,
                   "shader '%s': a workgroup of %llu invocations, '%s' allows 1 to %u",
                   shader->name, (unsigned long long)invocations, device->info.name,
                   device->info.maximum_workgroup_invocations);
}

rt_status rt_pipeline_get(rt_device *device, rt_shader *shader, const rt_dispatch *dispatch,
                          rt_pipeline **found)
{
    uint32_t values[RT_REFLECT_CONSTANTS];
    RT_TRY(rt_shader_constants(device, shader, dispatch, values));
    *found = find_pipeline(shader, values);
    if (*found != NULL) return RT_OK;
    RT_TRY(check_local_size(device, shader, values));
    rt_pipeline *pipeline;
    RT_TRY(RT_ALLOC(pipeline, 1));
    memcpy(pipeline->values, values, sizeof values);
    pipeline->shader = shader;
    pipeline->next = shader->pipelines;
    shader->pipelines = pipeline;
    *found = pipeline;
    return RT_OK;
}

bool rt_pipeline_is_ready(rt_device *device, const rt_dispatch *dispatch)
{
    rt_shader *shader;
    uint32_t values[RT_REFLECT_CONSTANTS];
    if (rt_shader_find(device, dispatch->shader, &shader) != RT_OK) return false;
    if (rt_shader_constants(device, shader, dispatch, values) != RT_OK) return false;
    const rt_pipeline *pipeline = find_pipeline(shader, values);
    return pipeline != NULL && pipeline->pipeline != VK_NULL_HANDLE;
}
