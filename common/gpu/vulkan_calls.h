#ifndef RT_GPU_VULKAN_CALLS_H
#define RT_GPU_VULKAN_CALLS_H

/**
 * The one table of all Vulkan functions in use, and the seam where tests inject failures.
 *     RT_TRY(rt_vulkan_check(RT_VULKAN(calls, CreateFence, device, &create, NULL, &fence),
 *                            "make a fence"));
 *     calls->DestroyFence(device, fence, NULL);      // cannot fail: called as it is
 * Every call that returns a VkResult goes through RT_VULKAN, which counts it and, for the k-th,
 * returns the code asked for with rt_gpu_fail_at instead of calling.
 */

#include "common/base/status.h"

#include <vulkan/vulkan.h>

#define RT_VULKAN_GLOBAL_FUNCTIONS(X)                                                              \
    X(CreateInstance)                                                                              \
    X(EnumerateInstanceLayerProperties)

#define RT_VULKAN_INSTANCE_FUNCTIONS(X)                                                            \
    X(DestroyInstance)                                                                             \
    X(EnumeratePhysicalDevices)                                                                    \
    X(EnumerateDeviceExtensionProperties)                                                          \
    X(GetPhysicalDeviceProperties)                                                                 \
    X(GetPhysicalDeviceProperties2)                                                                \
    X(GetPhysicalDeviceFeatures2)                                                                  \
    X(GetPhysicalDeviceMemoryProperties)                                                           \
    X(GetPhysicalDeviceQueueFamilyProperties)                                                      \
    X(CreateDevice)                                                                                \
    X(GetDeviceProcAddr)

/* NULL where an extension is missing: of the validation layers, of some devices. */
#define RT_VULKAN_OPTIONAL_FUNCTIONS(X)                                                            \
    X(CreateDebugUtilsMessengerEXT)                                                                \
    X(DestroyDebugUtilsMessengerEXT)                                                               \
    X(GetPhysicalDeviceCooperativeMatrixPropertiesNV)

#define RT_VULKAN_DEVICE_FUNCTIONS(X)                                                              \
    X(DestroyDevice)                                                                               \
    X(GetDeviceQueue)                                                                              \
    X(DeviceWaitIdle)                                                                              \
    X(CreateBuffer)                                                                                \
    X(DestroyBuffer)                                                                               \
    X(GetBufferMemoryRequirements)                                                                 \
    X(AllocateMemory)                                                                              \
    X(FreeMemory)                                                                                  \
    X(BindBufferMemory)                                                                            \
    X(MapMemory)                                                                                   \
    X(CreateBufferView)                                                                            \
    X(DestroyBufferView)                                                                           \
    X(CreateShaderModule)                                                                          \
    X(DestroyShaderModule)                                                                         \
    X(CreateDescriptorSetLayout)                                                                   \
    X(DestroyDescriptorSetLayout)                                                                  \
    X(CreatePipelineLayout)                                                                        \
    X(DestroyPipelineLayout)                                                                       \
    X(CreateComputePipelines)                                                                      \
    X(DestroyPipeline)                                                                             \
    X(CreateDescriptorPool)                                                                        \
    X(DestroyDescriptorPool)                                                                       \
    X(AllocateDescriptorSets)                                                                      \
    X(UpdateDescriptorSets)                                                                        \
    X(CreateQueryPool)                                                                             \
    X(DestroyQueryPool)                                                                            \
    X(GetQueryPoolResults)                                                                         \
    X(CreateCommandPool)                                                                           \
    X(DestroyCommandPool)                                                                          \
    X(AllocateCommandBuffers)                                                                      \
    X(BeginCommandBuffer)                                                                          \
    X(EndCommandBuffer)                                                                            \
    X(CreateFence)                                                                                 \
    X(DestroyFence)                                                                                \
    X(ResetFences)                                                                                 \
    X(WaitForFences)                                                                               \
    X(QueueSubmit)                                                                                 \
    X(CmdPipelineBarrier)                                                                          \
    X(CmdCopyBuffer)                                                                               \
    X(CmdFillBuffer)                                                                               \
    X(CmdBindPipeline)                                                                             \
    X(CmdBindDescriptorSets)                                                                       \
    X(CmdPushConstants)                                                                            \
    X(CmdDispatch)                                                                                 \
    X(CmdResetQueryPool)                                                                           \
    X(CmdWriteTimestamp)

#define RT_VULKAN_MEMBER(name) PFN_vk##name name;
/** Entries are NULL until the load function of their level was called. */
typedef struct rt_vulkan_calls {
    RT_VULKAN_GLOBAL_FUNCTIONS(RT_VULKAN_MEMBER)
    RT_VULKAN_INSTANCE_FUNCTIONS(RT_VULKAN_MEMBER)
    RT_VULKAN_OPTIONAL_FUNCTIONS(RT_VULKAN_MEMBER)
    RT_VULKAN_DEVICE_FUNCTIONS(RT_VULKAN_MEMBER)
} rt_vulkan_calls;
#undef RT_VULKAN_MEMBER

/** Errors: RT_ERROR_DEVICE naming the first function that the driver lacks. */
RT_CHECKED rt_status rt_vulkan_load_global(rt_vulkan_calls *calls);
RT_CHECKED rt_status rt_vulkan_load_instance(rt_vulkan_calls *calls, VkInstance instance);
RT_CHECKED rt_status rt_vulkan_load_device(rt_vulkan_calls *calls, VkDevice device);

/** Calls a function that returns a VkResult, unless a test asked this call to fail. */
#define RT_VULKAN(calls, name, ...)                                                                \
    ({                                                                                             \
        VkResult rt_result_ = rt_vulkan_injected_result();                                         \
        if (rt_result_ == VK_SUCCESS) rt_result_ = (calls)->name(__VA_ARGS__);                     \
        rt_result_;                                                                                \
    })

/** Counts one call; the code to return instead of calling, or VK_SUCCESS to go ahead. */
VkResult rt_vulkan_injected_result(void);

/** RT_OK for VK_SUCCESS, else RT_ERROR_DEVICE: "cannot <what>: <the code in words>". */
RT_CHECKED rt_status rt_vulkan_check(VkResult result, const char *what);
/** A code in words. */
const char *rt_vulkan_result_text(VkResult result);

#endif
