#ifndef RT_GPU_DEVICE_PRIVATE_H
#define RT_GPU_DEVICE_PRIVATE_H

/**
 * What the files of this folder know of a device and a buffer. Not for other folders.
 */

#include "common/gpu/device.h"
#include "common/gpu/reflect.h"
#include "common/gpu/vulkan_calls.h"

/** The buffer through which uploads and downloads go, made with the first of them. */
typedef struct rt_transfer {
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
    rt_gpu_buffer *staging;
} rt_transfer;

/** A pipeline and the values of the specialization constants it is made with. */
typedef struct rt_pipeline {
    struct rt_pipeline *next;
    const struct rt_shader *shader;
    VkPipeline pipeline; ///< NULL: not compiled yet (rt_pipelines_compile)
    uint32_t values[RT_REFLECT_CONSTANTS];
} rt_pipeline;

/** An embedded shader, loaded at its first use. */
typedef struct rt_shader {
    const char *name;
    bool loaded;
    rt_shader_interface interface;
    VkShaderModule module;
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    rt_pipeline *pipelines;
} rt_shader;

struct rt_device {
    rt_vulkan_calls calls;
    VkInstance instance;
    VkDebugUtilsMessengerEXT messenger;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    uint32_t queue_family;
    uint32_t maximum_groups[3];
    uint64_t timestamp_mask;    ///< the valid bits of a timestamp
    bool minimum_limits;        ///< options.minimum_limits
    bool subgroup_size_control; ///< VK_EXT_subgroup_size_control with full subgroups is on
    bool lost;                  ///< nothing can be submitted any more
    bool hung;                  ///< work never ended: objects it uses are leaked, not destroyed
    _Atomic uint32_t validation_messages;
    VkPhysicalDeviceMemoryProperties memory;
    uint64_t allocated_bytes;
    uint64_t capacity_bytes; ///< as the refusal of the last buffer showed; 0: it was not refused
    rt_device_info info;
    rt_transfer transfer;
    rt_shader *shaders; ///< one for each embedded shader, sorted as they are embedded
};

struct rt_gpu_buffer {
    rt_device *device;
    VkBuffer buffer;
    VkDeviceMemory memory;
    VkBufferView view; ///< RGBA32F over the whole buffer; NULL where the device's limit forbids it
    uint64_t size;     ///< a multiple of 16
    uint64_t allocated_bytes;
    rt_gpu_memory kind;
    void *map; ///< NULL for RT_GPU_WORK
};

/** Sets the environment that lavapipe reads (environment.c); before vkCreateInstance. */
void rt_device_prepare_environment(void);

/** Fills the info of a physical device; false when Retort cannot use it (too old, no compute). */
bool rt_device_inspect(const rt_vulkan_calls *calls, VkPhysicalDevice physical, bool minimum_limits,
                       rt_device_info *info, uint32_t *queue_family);

/**
 * Waits for a fence, in slices and not for ever. After a failure the device runs nothing that the
 * caller submitted, so its objects may be freed; device->lost is set where it cannot go on.
 * Errors: RT_ERROR_DEVICE, `what` in the message.
 */
RT_CHECKED rt_status rt_device_wait_fence(rt_device *device, VkFence fence, const char *what);
/** Submits one command buffer. Errors: RT_ERROR_DEVICE. */
RT_CHECKED rt_status rt_device_submit(rt_device *device, VkCommandBuffer commands, VkFence fence,
                                      const char *what);
/** Makes a command pool with one command buffer, and a fence; half of it may be made on failure. */
RT_CHECKED rt_status rt_device_make_commands(rt_device *device, VkCommandPool *pool,
                                             VkCommandBuffer *commands, VkFence *fence);
/** A memory barrier: what comes after sees all writes of what came before (compute, transfer). */
void rt_device_barrier(const rt_device *device, VkCommandBuffer commands);
/** The same towards the host, for mapped memory. */
void rt_device_barrier_to_host(const rt_device *device, VkCommandBuffer commands);

/** Releases the staging buffer and its commands. */
void rt_transfer_clear(rt_device *device);
/** Fills a new buffer with zeros. */
RT_CHECKED rt_status rt_transfer_zero(rt_gpu_buffer *buffer);

/** RT_ERROR_INTERNAL unless the range lies in its buffer, in whole words; `writes`: and outside
 *  the zero bytes. `what` begins the message. */
RT_CHECKED rt_status rt_gpu_range_check(const rt_gpu_range *range, bool writes, const char *what);

#endif
