/* Submitting and waiting: the one place that decides that a device is lost. */

#include "common/gpu/device_private.h"

/* A submission is a training step or less. Ten minutes leave room for the first one on a CPU
 * driver, which compiles every kernel of the step. */
enum { WAIT_SLICE_SECONDS = 1, WAIT_SLICES = 600 };

static rt_status lost_status(const rt_device *device, const char *what)
{
    return rt_fail(RT_ERROR_DEVICE, "device '%s' was lost during '%s'; start again with --resume",
                   device->info.name, what);
}

/* Something failed while work may still run: let it end, so that its objects can be freed. */
static rt_status give_up(rt_device *device, VkResult result, const char *what)
{
    device->calls.DeviceWaitIdle(device->device);
    if (result != VK_ERROR_DEVICE_LOST) {
        return rt_fail(RT_ERROR_DEVICE, "cannot wait for '%s' on '%s': %s", what, device->info.name,
                       rt_vulkan_result_text(result));
    }
    device->lost = true;
    return lost_status(device, what);
}

rt_status rt_device_wait_fence(rt_device *device, VkFence fence, const char *what)
{
    for (int slice = 0; slice < WAIT_SLICES; slice++) {
        const VkResult result = RT_VULKAN(&device->calls, WaitForFences, device->device, 1, &fence,
                                          VK_TRUE, WAIT_SLICE_SECONDS * UINT64_C(1000000000));
        if (result == VK_SUCCESS) return RT_OK;
        if (result != VK_TIMEOUT) return give_up(device, result, what);
    }
    device->lost = true;
    device->hung = true;
    return rt_fail(RT_ERROR_DEVICE,
                   "device '%s' did not finish '%s' within %d s; start again with --resume",
                   device->info.name, what, WAIT_SLICES * WAIT_SLICE_SECONDS);
}

rt_status rt_device_submit(rt_device *device, VkCommandBuffer commands, VkFence fence,
                           const char *what)
{
    if (device->lost) return lost_status(device, what);
    RT_TRY(rt_vulkan_check(RT_VULKAN(&device->calls, ResetFences, device->device, 1, &fence),
                           "reset a fence"));
    const VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                 .commandBufferCount = 1,
                                 .pCommandBuffers = &commands};
    const VkResult result =
        RT_VULKAN(&device->calls, QueueSubmit, device->queue, 1, &submit, fence);
    if (result == VK_ERROR_DEVICE_LOST) return give_up(device, result, what);
    if (result == VK_SUCCESS) return RT_OK;
    return rt_fail(RT_ERROR_DEVICE, "cannot submit '%s' to '%s': %s", what, device->info.name,
                   rt_vulkan_result_text(result));
}

rt_status rt_device_make_commands(rt_device *device, VkCommandPool *pool, VkCommandBuffer *commands,
                                  VkFence *fence)
{
    const rt_vulkan_calls *calls = &device->calls;
    const VkCommandPoolCreateInfo create_pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = device->queue_family};
    RT_TRY(rt_vulkan_check(
        RT_VULKAN(calls, CreateCommandPool, device->device, &create_pool, NULL, pool),
        "make a command pool"));
    const VkCommandBufferAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = *pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1};
    RT_TRY(rt_vulkan_check(
        RT_VULKAN(calls, AllocateCommandBuffers, device->device, &allocate, commands),
        "make a command buffer"));
    const VkFenceCreateInfo create_fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    return rt_vulkan_check(
        RT_VULKAN(calls, CreateFence, device->device, &create_fence, NULL, fence), "make a fence");
}

static void barrier(const rt_device *device, VkCommandBuffer commands, VkPipelineStageFlags stages,
                    VkAccessFlags access)
{
    const VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask =
                                        VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                                    .dstAccessMask = access};
    device->calls.CmdPipelineBarrier(
        commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT, stages, 0,
        1, &memory, 0, NULL, 0, NULL);
}

void rt_device_barrier(const rt_device *device, VkCommandBuffer commands)
{
    barrier(device, commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT |
                VK_ACCESS_TRANSFER_WRITE_BIT);
}

void rt_device_barrier_to_host(const rt_device *device, VkCommandBuffer commands)
{
    barrier(device, commands, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
}
