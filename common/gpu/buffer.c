#include "common/gpu/device_private.h"

#include <string.h>

/* Storage descriptors are padded to 16 bytes and a texel is 16 bytes. */
enum { SIZE_UNIT = 16 };

static double gibibytes(uint64_t bytes) { return (double)bytes / (double)(UINT64_C(1) << 30); }

uint64_t rt_device_used_bytes(const rt_device *device) { return device->allocated_bytes; }
uint64_t rt_device_capacity_bytes(const rt_device *device) { return device->capacity_bytes; }

static rt_status out_of_memory(rt_device *device, uint64_t size, uint64_t capacity)
{
    device->capacity_bytes = capacity;
    return rt_fail(RT_ERROR_DEVICE,
                   "out of memory on '%s': asked for %.3f GiB, %.3f GiB of %.3f GiB are in use "
                   "and one allocation has at most %.3f GiB; use a smaller batch",
                   device->info.name, gibibytes(size), gibibytes(device->allocated_bytes),
                   gibibytes(device->info.memory_bytes),
                   gibibytes(device->info.maximum_allocation_bytes));
}

/* The first allowed memory type that has all of `flags`. */
static bool find_type(const rt_device *device, uint32_t allowed, VkMemoryPropertyFlags flags,
                      uint32_t *type)
{
    for (uint32_t i = 0; i < device->memory.memoryTypeCount; i++) {
        const VkMemoryPropertyFlags has = device->memory.memoryTypes[i].propertyFlags;
        if ((allowed & (1U << i)) == 0 || (has & flags) != flags) continue;
        *type = i;
        return true;
    }
    return false;
}

static rt_status choose_type(const rt_device *device, uint32_t allowed, rt_gpu_memory kind,
                             uint32_t *type)
{
    const VkMemoryPropertyFlags mapped =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    /* The wish, and what every device has. The host reads uncached memory very slowly. */
    const VkMemoryPropertyFlags wishes[][2] = {
        [RT_GPU_WORK] = {VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0},
        [RT_GPU_UPLOAD] = {mapped, mapped},
        [RT_GPU_READBACK] = {mapped | VK_MEMORY_PROPERTY_HOST_CACHED_BIT, mapped},
    };
    if (find_type(device, allowed, wishes[kind][0], type)) return RT_OK;
    if (find_type(device, allowed, wishes[kind][1], type)) return RT_OK;
    return rt_fail(RT_ERROR_DEVICE, "device '%s' has no memory for buffers of kind %d",
                   device->info.name, (int)kind);
}

static VkBufferUsageFlags usage(rt_gpu_memory kind)
{
    const VkBufferUsageFlags copies =
        VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
    if (kind != RT_GPU_WORK) return copies;
    return copies | VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |
           VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT;
}

static rt_status make_memory(rt_gpu_buffer *buffer)
{
    rt_device *device = buffer->device;
    const rt_vulkan_calls *calls = &device->calls;
    VkMemoryRequirements needs;
    calls->GetBufferMemoryRequirements(device->device, buffer->buffer, &needs);
    VkMemoryAllocateInfo allocate = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                     .allocationSize = needs.size};
    RT_TRY(choose_type(device, needs.memoryTypeBits, buffer->kind, &allocate.memoryTypeIndex));
    /* CPU drivers hand out more than there is and are killed when it is touched. */
    if (needs.size > device->info.maximum_allocation_bytes ||
        device->allocated_bytes + needs.size > device->info.memory_bytes)
        return out_of_memory(device, needs.size, device->info.memory_bytes);
    const VkResult result =
        RT_VULKAN(calls, AllocateMemory, device->device, &allocate, NULL, &buffer->memory);
    if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY)
        return out_of_memory(device, needs.size, device->allocated_bytes + needs.size / 2);
    RT_TRY(rt_vulkan_check(result, "allocate device memory"));
    device->capacity_bytes = 0;
    buffer->allocated_bytes = needs.size;
    device->allocated_bytes += needs.size;
    return rt_vulkan_check(
        RT_VULKAN(calls, BindBufferMemory, device->device, buffer->buffer, buffer->memory, 0),
        "bind device memory");
}

static rt_status make_view(rt_gpu_buffer *buffer)
{
    rt_device *device = buffer->device;
    if (buffer->size / 16 > device->info.maximum_texel_elements) return RT_OK;
    const VkBufferViewCreateInfo create = {.sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
                                           .buffer = buffer->buffer,
                                           .format = VK_FORMAT_R32G32B32A32_SFLOAT,
                                           .offset = 0,
                                           .range = VK_WHOLE_SIZE};
    return rt_vulkan_check(
        RT_VULKAN(&device->calls, CreateBufferView, device->device, &create, NULL, &buffer->view),
        "make a texel view");
}

static rt_status fill(rt_gpu_buffer *buffer)
{
    rt_device *device = buffer->device;
    const VkBufferCreateInfo create = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                       .size = buffer->size,
                                       .usage = usage(buffer->kind),
                                       .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
    RT_TRY(rt_vulkan_check(
        RT_VULKAN(&device->calls, CreateBuffer, device->device, &create, NULL, &buffer->buffer),
        "make a buffer"));
    RT_TRY(make_memory(buffer));
    if (buffer->kind == RT_GPU_WORK) {
        RT_TRY(make_view(buffer));
        return rt_transfer_zero(buffer);
    }
    RT_TRY(rt_vulkan_check(RT_VULKAN(&device->calls, MapMemory, device->device, buffer->memory, 0,
                                     VK_WHOLE_SIZE, 0, &buffer->map),
                           "map a buffer"));
    memset(buffer->map, 0, buffer->size);
    return RT_OK;
}

rt_status rt_gpu_buffer_create(rt_gpu_buffer **created, rt_device *device, uint64_t size,
                               rt_gpu_memory memory)
{
    rt_gpu_buffer *buffer;
    *created = NULL;
    /* Before the driver sees it: it may not check, and rounding up must not wrap around. */
    if (size > device->info.maximum_allocation_bytes)
        return out_of_memory(device, size, device->info.memory_bytes);
    RT_TRY(RT_ALLOC(buffer, 1));
    buffer->device = device;
    buffer->kind = memory;
    buffer->size = size == 0 ? SIZE_UNIT : (size + SIZE_UNIT - 1) / SIZE_UNIT * SIZE_UNIT;
    const rt_status status = fill(buffer);
    if (status != RT_OK) {
        rt_gpu_buffer_free(buffer);
        return status;
    }
    *created = buffer;
    return RT_OK;
}

void rt_gpu_buffer_free(rt_gpu_buffer *buffer)
{
    if (buffer == NULL) return;
    rt_device *device = buffer->device;
    if (!device->hung) { /* else the device may still write to it */
        device->calls.DestroyBufferView(device->device, buffer->view, NULL);
        device->calls.DestroyBuffer(device->device, buffer->buffer, NULL);
        device->calls.FreeMemory(device->device, buffer->memory, NULL);
    }
    device->allocated_bytes -= buffer->allocated_bytes;
    rt_free(buffer);
}

void *rt_gpu_buffer_map(rt_gpu_buffer *buffer) { return buffer->map; }

rt_status rt_gpu_range_check(const rt_gpu_range *range, bool writes, const char *what)
{
    const rt_gpu_buffer *buffer = range->buffer;
    if (buffer == NULL) return rt_fail(RT_ERROR_INTERNAL, "%s: no buffer", what);
    if (range->offset > buffer->size || range->size > buffer->size - range->offset) {
        return rt_fail(RT_ERROR_INTERNAL, "%s: range %llu + %llu lies outside a buffer of %llu",
                       what, (unsigned long long)range->offset, (unsigned long long)range->size,
                       (unsigned long long)buffer->size);
    }
    if (writes && buffer->kind == RT_GPU_WORK && range->offset < RT_GPU_ZERO_BYTES) {
        return rt_fail(RT_ERROR_INTERNAL, "%s: offset %llu lies in the zero bytes of its buffer",
                       what, (unsigned long long)range->offset);
    }
    return RT_OK;
}
