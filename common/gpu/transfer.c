/* Uploads and downloads: a staging copy, in pieces, each waited for. On devices with one kind of
 * memory a copy could be saved, but no step comes through here. */

#include "common/gpu/device_private.h"

#include <string.h>

/* Large enough that a copy costs more than its submission (0.1 ms; docs/kernels.md). */
enum { STAGING_BYTES = 8 << 20 };

static rt_status prepare(rt_device *device)
{
    rt_transfer *transfer = &device->transfer;
    if (transfer->fence != VK_NULL_HANDLE) return RT_OK;
    const rt_status status =
        rt_device_make_commands(device, &transfer->pool, &transfer->commands, &transfer->fence);
    if (status != RT_OK) rt_transfer_clear(device);
    return status;
}

/* READBACK: its memory is cached, which downloads need and uploads do not mind. */
static rt_status prepare_staging(rt_device *device)
{
    RT_TRY(prepare(device));
    if (device->transfer.staging != NULL) return RT_OK;
    return rt_gpu_buffer_create(&device->transfer.staging, device, STAGING_BYTES, RT_GPU_READBACK);
}

void rt_transfer_clear(rt_device *device)
{
    rt_transfer *transfer = &device->transfer;
    rt_gpu_buffer_free(transfer->staging);
    device->calls.DestroyFence(device->device, transfer->fence, NULL);
    device->calls.DestroyCommandPool(device->device, transfer->pool, NULL);
    *transfer = (rt_transfer){0};
}

static rt_status begin(rt_device *device)
{
    const VkCommandBufferBeginInfo begin_info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    RT_TRY(rt_vulkan_check(
        RT_VULKAN(&device->calls, BeginCommandBuffer, device->transfer.commands, &begin_info),
        "record a transfer"));
    rt_device_barrier(device, device->transfer.commands);
    return RT_OK;
}

static rt_status finish(rt_device *device)
{
    rt_transfer *transfer = &device->transfer;
    rt_device_barrier_to_host(device, transfer->commands);
    RT_TRY(rt_vulkan_check(RT_VULKAN(&device->calls, EndCommandBuffer, transfer->commands),
                           "record a transfer"));
    RT_TRY(rt_device_submit(device, transfer->commands, transfer->fence, "transfer"));
    return rt_device_wait_fence(device, transfer->fence, "transfer");
}

rt_status rt_transfer_zero(rt_gpu_buffer *buffer)
{
    rt_device *device = buffer->device;
    RT_TRY(prepare(device));
    RT_TRY(begin(device));
    device->calls.CmdFillBuffer(device->transfer.commands, buffer->buffer, 0, VK_WHOLE_SIZE, 0);
    return finish(device);
}

static rt_status copy_piece(rt_device *device, VkBuffer to, VkBuffer from,
                            const VkBufferCopy *region)
{
    RT_TRY(begin(device));
    device->calls.CmdCopyBuffer(device->transfer.commands, from, to, 1, region);
    return finish(device);
}

rt_status rt_gpu_upload(rt_device *device, rt_gpu_range to, const void *from)
{
    RT_TRY(rt_gpu_range_check(&to, true, "upload"));
    RT_TRY(prepare_staging(device));
    const rt_gpu_buffer *staging = device->transfer.staging;
    for (uint64_t done = 0; done < to.size;) {
        const uint64_t left = to.size - done;
        const VkBufferCopy region = {.dstOffset = to.offset + done,
                                     .size = left < STAGING_BYTES ? left : STAGING_BYTES};
        memcpy(staging->map, (const char *)from + done, region.size);
        RT_TRY(copy_piece(device, to.buffer->buffer, staging->buffer, &region));
        done += region.size;
    }
    return RT_OK;
}

rt_status rt_gpu_download(rt_device *device, void *to, rt_gpu_range from)
{
    RT_TRY(rt_gpu_range_check(&from, false, "download"));
    RT_TRY(prepare_staging(device));
    const rt_gpu_buffer *staging = device->transfer.staging;
    for (uint64_t done = 0; done < from.size;) {
        const uint64_t left = from.size - done;
        const VkBufferCopy region = {.srcOffset = from.offset + done,
                                     .size = left < STAGING_BYTES ? left : STAGING_BYTES};
        RT_TRY(copy_piece(device, staging->buffer, from.buffer->buffer, &region));
        memcpy((char *)to + done, staging->map, region.size);
        done += region.size;
    }
    return RT_OK;
}
