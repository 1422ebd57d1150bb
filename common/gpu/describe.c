/* What a physical device is and can do, in Retort's words. */

#include "common/gpu/device_private.h"

#include <stdio.h>
#include <string.h>

static const char *kind_text(VkPhysicalDeviceType type)
{
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return "discrete";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return "integrated";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return "virtual";
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return "cpu";
    default:
        return "other";
    }
}

static uint64_t local_memory(const rt_vulkan_calls *calls, VkPhysicalDevice physical)
{
    VkPhysicalDeviceMemoryProperties memory;
    calls->GetPhysicalDeviceMemoryProperties(physical, &memory);
    uint64_t largest = 0;
    for (uint32_t i = 0; i < memory.memoryHeapCount; i++) {
        const bool local = (memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
        if (local && memory.memoryHeaps[i].size > largest) largest = memory.memoryHeaps[i].size;
    }
    return largest;
}

/* The first queue family that computes; also how many bits of its timestamps are valid. */
static bool find_queue_family(const rt_vulkan_calls *calls, VkPhysicalDevice physical,
                              uint32_t *family, uint32_t *timestamp_bits)
{
    VkQueueFamilyProperties families[16];
    uint32_t count = RT_COUNT(families);
    calls->GetPhysicalDeviceQueueFamilyProperties(physical, &count, families);
    for (uint32_t i = 0; i < count; i++) {
        if ((families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) == 0) continue;
        *family = i;
        *timestamp_bits = families[i].timestampValidBits;
        return true;
    }
    return false;
}

bool rt_device_is_cpu(const rt_device_info *info) { return strcmp(info->kind, "cpu") == 0; }

/* Vulkan 1.2, table "Required Limits" (chapter "Limits"). Not a CPU: so the tests of this pass cut
 * work as for a GPU. */
static void lower_to_minimum(rt_device_info *info)
{
    info->kind = "other";
    info->maximum_workgroup_invocations = 128;
    info->shared_memory_bytes = 16384;
    info->maximum_storage_range_bytes = UINT64_C(1) << 27;
    info->maximum_texel_elements = 65536;
    info->maximum_allocation_bytes = UINT64_C(1) << 30;
    info->buffer_offset_alignment = 256;
}

static uint32_t larger(uint64_t a, uint64_t b) { return (uint32_t)(a > b ? a : b); }

bool rt_device_inspect(const rt_vulkan_calls *calls, VkPhysicalDevice physical, bool minimum_limits,
                       rt_device_info *info, uint32_t *queue_family)
{
    VkPhysicalDeviceProperties properties;
    calls->GetPhysicalDeviceProperties(physical, &properties);
    uint32_t timestamp_bits;
    /* Asked first: an older driver does not know the structures below. */
    if (properties.apiVersion < VK_API_VERSION_1_2) return false;
    if (!find_queue_family(calls, physical, queue_family, &timestamp_bits)) return false;

    VkPhysicalDeviceDriverProperties driver = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
    VkPhysicalDeviceSubgroupProperties subgroup = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES, .pNext = &driver};
    VkPhysicalDeviceMaintenance3Properties allocation = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES, .pNext = &subgroup};
    VkPhysicalDeviceProperties2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
                                       .pNext = &allocation};
    calls->GetPhysicalDeviceProperties2(physical, &all);

    const VkPhysicalDeviceLimits *limits = &all.properties.limits;
    *info = (rt_device_info){
        .kind = kind_text(properties.deviceType),
        .subgroup_size = subgroup.subgroupSize,
        .maximum_workgroup_invocations = limits->maxComputeWorkGroupInvocations,
        .shared_memory_bytes = limits->maxComputeSharedMemorySize,
        .maximum_storage_range_bytes = limits->maxStorageBufferRange,
        .maximum_texel_elements = limits->maxTexelBufferElements,
        .maximum_allocation_bytes = allocation.maxMemoryAllocationSize,
        .memory_bytes = local_memory(calls, physical),
        .buffer_offset_alignment = larger(16, larger(limits->minStorageBufferOffsetAlignment,
                                                     limits->minTexelBufferOffsetAlignment)),
        .timestamp_nanoseconds = timestamp_bits > 0 ? (double)limits->timestampPeriod : 0,
        .subgroup_shuffle = (subgroup.supportedOperations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT) != 0 &&
                            (subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0,
    };
    snprintf(info->name, sizeof info->name, "%s", properties.deviceName);
    snprintf(info->driver, sizeof info->driver, "%.240s %.240s (0x%08x)", driver.driverName,
             driver.driverInfo, properties.driverVersion);
    if (minimum_limits) lower_to_minimum(info);
    return true;
}
