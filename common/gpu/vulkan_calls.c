#include "common/gpu/vulkan_calls.h"

#include "common/gpu/device.h"

static struct {
    _Atomic uint64_t count; ///< calls so far that could fail
    uint64_t fail_at;       ///< the call that fails; 0: none
    VkResult result;
} injection;

void rt_gpu_fail_at(uint64_t nth, int result)
{
    injection.fail_at = nth == 0 ? 0 : injection.count + nth;
    injection.result = (VkResult)result;
}

uint64_t rt_gpu_call_count(void) { return injection.count; }

VkResult rt_vulkan_injected_result(void)
{
    const uint64_t number = ++injection.count; /* several threads compile pipelines */
    return number == injection.fail_at ? injection.result : VK_SUCCESS;
}

static rt_status missing(const char *name)
{
    return rt_fail(RT_ERROR_DEVICE, "the Vulkan driver has no function '%s'; update the driver",
                   name);
}

rt_status rt_vulkan_load_global(rt_vulkan_calls *calls)
{
#define LOAD(name)                                                                                 \
    calls->name = (PFN_vk##name)vkGetInstanceProcAddr(NULL, "vk" #name);                           \
    if (calls->name == NULL) return missing("vk" #name);
    RT_VULKAN_GLOBAL_FUNCTIONS(LOAD)
#undef LOAD
    return RT_OK;
}

rt_status rt_vulkan_load_instance(rt_vulkan_calls *calls, VkInstance instance)
{
    /* First, so that an instance can be destroyed whatever else is missing. */
    calls->DestroyInstance =
        (PFN_vkDestroyInstance)vkGetInstanceProcAddr(instance, "vkDestroyInstance");
#define LOAD_OPTIONAL(name) calls->name = (PFN_vk##name)vkGetInstanceProcAddr(instance, "vk" #name);
#define LOAD(name) LOAD_OPTIONAL(name) if (calls->name == NULL) return missing("vk" #name);
    RT_VULKAN_OPTIONAL_FUNCTIONS(LOAD_OPTIONAL)
    RT_VULKAN_INSTANCE_FUNCTIONS(LOAD)
#undef LOAD
#undef LOAD_OPTIONAL
    return RT_OK;
}

rt_status rt_vulkan_load_device(rt_vulkan_calls *calls, VkDevice device)
{
    calls->DestroyDevice = (PFN_vkDestroyDevice)calls->GetDeviceProcAddr(device, "vkDestroyDevice");
#define LOAD(name)                                                                                 \
    calls->name = (PFN_vk##name)calls->GetDeviceProcAddr(device, "vk" #name);                      \
    if (calls->name == NULL) return missing("vk" #name);
    RT_VULKAN_DEVICE_FUNCTIONS(LOAD)
#undef LOAD
    return RT_OK;
}

const char *rt_vulkan_result_text(VkResult result)
{
    switch (result) {
    case VK_SUCCESS:
        return "success";
    case VK_NOT_READY:
        return "not ready";
    case VK_TIMEOUT:
        return "timeout";
    case VK_INCOMPLETE:
        return "incomplete list";
    case VK_ERROR_OUT_OF_HOST_MEMORY:
        return "out of host memory";
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return "out of device memory";
    case VK_ERROR_INITIALIZATION_FAILED:
        return "initialization failed";
    case VK_ERROR_DEVICE_LOST:
        return "device lost";
    case VK_ERROR_MEMORY_MAP_FAILED:
        return "memory cannot be mapped";
    case VK_ERROR_LAYER_NOT_PRESENT:
        return "layer not present";
    case VK_ERROR_EXTENSION_NOT_PRESENT:
        return "extension not present";
    case VK_ERROR_FEATURE_NOT_PRESENT:
        return "feature not present";
    case VK_ERROR_INCOMPATIBLE_DRIVER:
        return "incompatible driver";
    case VK_ERROR_TOO_MANY_OBJECTS:
        return "too many objects";
    case VK_ERROR_FRAGMENTED_POOL:
        return "fragmented pool";
    case VK_ERROR_OUT_OF_POOL_MEMORY:
        return "out of pool memory";
    default:
        return "unknown Vulkan error";
    }
}

rt_status rt_vulkan_check(VkResult result, const char *what)
{
    if (result == VK_SUCCESS) return RT_OK;
    return rt_fail(RT_ERROR_DEVICE, "cannot %s: %s (VkResult %d)", what,
                   rt_vulkan_result_text(result), (int)result);
}
