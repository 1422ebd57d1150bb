#ifndef RT_GPU_DEVICE_H
#define RT_GPU_DEVICE_H

/**
 * A Vulkan compute device and its memory.
 *     rt_device *device;
 *     RT_TRY(rt_device_open(&device, &(rt_device_options){.selector = NULL}));
 *     RT_TRY(rt_gpu_buffer_create(&buffer, device, size_bytes, RT_GPU_WORK));
 * For lavapipe the vector width and a private shader cache folder are set by the program itself
 * before the instance is made (docs/kernels.md); a user's own setting is respected.
 */

#include "common/base/memory.h"

typedef struct rt_device rt_device;

typedef struct rt_device_options {
    const char *selector; ///< NULL: fastest kind (discrete, integrated, CPU); "1" or part of a name
    bool validate;        ///< load the validation layers; every message counts as an error
    bool minimum_limits;  ///< report the smallest limits the specification allows (tests)
} rt_device_options;

typedef struct rt_device_info {
    char name[256];
    char driver[512]; ///< name and version of the driver, part of the tuner's cache key
    const char *kind; ///< "discrete", "integrated", "cpu", "virtual", "other"
    uint32_t subgroup_size;
    uint32_t maximum_workgroup_invocations;
    uint32_t shared_memory_bytes;
    uint64_t maximum_storage_range_bytes; ///< of one storage-buffer binding
    uint64_t maximum_texel_elements;      ///< of one texel-buffer view
    uint64_t maximum_allocation_bytes;
    uint64_t memory_bytes;            ///< of the device-local heap
    uint32_t buffer_offset_alignment; ///< of storage bindings, bytes, at least 16
    double timestamp_nanoseconds;     ///< a timestamp tick; 0: no timestamps
    bool subgroup_shuffle;            ///< in compute shaders
    bool cooperative_matrix; ///< 16x16 float16 products added in float32; known once it is open
} rt_device_info;

/** Whether shaders run on the cores of a CPU: there few large workgroups are best; a GPU needs many
 *  invocations at a time, or it waits for its memory. */
bool rt_device_is_cpu(const rt_device_info *info);

/** Opens a device. Errors: RT_ERROR_DEVICE (no Vulkan, no such device: lists those there are). */
RT_CHECKED rt_status rt_device_open(rt_device **device, const rt_device_options *options);
/** Waits until idle and releases all; NULL is fine. Buffers and programs must be freed before. */
void rt_device_close(rt_device *device);
const rt_device_info *rt_device_describe(const rt_device *device);
/** Validation messages seen so far (0 unless options.validate). */
uint32_t rt_device_validation_messages(const rt_device *device);

/** Lists the devices of this machine: `*count` infos in `arena`, in selector order. */
RT_CHECKED rt_status rt_device_list(rt_arena *arena, rt_device_info **infos, uint32_t *count);

typedef enum rt_gpu_memory {
    RT_GPU_WORK,     ///< device-local; the host reaches it through rt_gpu_upload/download
    RT_GPU_UPLOAD,   ///< host-visible, written by the host, read by copies
    RT_GPU_READBACK, ///< host-visible, written by copies, read by the host
} rt_gpu_memory;

/** Bytes 0..RT_GPU_ZERO_BYTES-1 of every RT_GPU_WORK buffer are zero for ever (vec4 0 of its texel
 *  view is the zero texel that shaders fetch for taps out of range); never hand them out. */
enum { RT_GPU_ZERO_BYTES = 256 };

typedef struct rt_gpu_buffer rt_gpu_buffer;
/** A part of a buffer; offset and size in bytes, offset a multiple of 256. */
typedef struct rt_gpu_range {
    rt_gpu_buffer *buffer;
    uint64_t offset;
    uint64_t size;
} rt_gpu_range;

/** Makes a buffer of `size` bytes (all zero). Errors: RT_ERROR_DEVICE out of memory (message: how
 *  much was asked and how much there is). Ownership: release with rt_gpu_buffer_free. */
RT_CHECKED rt_status rt_gpu_buffer_create(rt_gpu_buffer **buffer, rt_device *device, uint64_t size,
                                          rt_gpu_memory memory);
void rt_gpu_buffer_free(rt_gpu_buffer *buffer);
/** The host's view of an UPLOAD or READBACK buffer. */
void *rt_gpu_buffer_map(rt_gpu_buffer *buffer);

/** Bytes of all buffers that there are. */
uint64_t rt_device_used_bytes(const rt_device *device);
/** After a buffer was refused for lack of memory: what the device holds in all (where the driver
 *  refused, a guess between what it had given and what it was asked for). Else 0. */
uint64_t rt_device_capacity_bytes(const rt_device *device);

/** Copies host memory into a range, or back, and waits (not for use inside a step). */
RT_CHECKED rt_status rt_gpu_upload(rt_device *device, rt_gpu_range to, const void *from);
RT_CHECKED rt_status rt_gpu_download(rt_device *device, void *to, rt_gpu_range from);

/** Test seam: the k-th Vulkan call from now on (1 = next) that can fail returns `result`
 *  (a VkResult such as VK_ERROR_DEVICE_LOST); 0 turns it off. */
void rt_gpu_fail_at(uint64_t nth, int result);
uint64_t rt_gpu_call_count(void);

#endif
