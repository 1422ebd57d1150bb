#ifndef RT_GPU_FEATURES_H
#define RT_GPU_FEATURES_H

/**
 * What a device may have and Retort uses where it is there. Not for other folders.
 *     RT_TRY(rt_device_find_features(device));      // before the VkDevice is made
 *     rt_features features;
 *     rt_device_use_features(device, &features);    // its parts go into VkDeviceCreateInfo
 */

#include "common/gpu/device_private.h"

/** For VkDeviceCreateInfo; points into itself, so it stays where it is. */
typedef struct rt_features {
    void *next; ///< the chain of structures
    uint32_t extension_count;
    const char *extensions[2];
    VkPhysicalDeviceSubgroupSizeControlFeaturesEXT subgroup_size;
    VkPhysicalDeviceVulkan12Features core;
    VkPhysicalDeviceCooperativeMatrixFeaturesNV matrices;
} rt_features;

/** Sets device->subgroup_size_control and device->info.cooperative_matrix.
 *  Errors: RT_ERROR_DEVICE. */
RT_CHECKED rt_status rt_device_find_features(rt_device *device);
/** What of it a VkDevice is to be made with. */
void rt_device_use_features(const rt_device *device, rt_features *features);

#endif
