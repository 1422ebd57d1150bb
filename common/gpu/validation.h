#ifndef RT_GPU_VALIDATION_H
#define RT_GPU_VALIDATION_H

/**
 * The Khronos validation layer with synchronization validation: every message is printed as a
 * warning and counted.
 */

#include "common/gpu/device_private.h"

/** What an instance is made with so that it is validated; `= {0}` and begin, then chain `next`. */
typedef struct rt_validation {
    const char *layers[1];
    const char *extensions[2];
    uint32_t layer_count;
    uint32_t extension_count;
    VkValidationFeaturesEXT features;
    VkDebugUtilsMessengerCreateInfoEXT messenger;
    const void *next; ///< for VkInstanceCreateInfo.pNext
} rt_validation;

/** Errors: RT_ERROR_DEVICE when the layer is not installed. `validation` must not move after. */
RT_CHECKED rt_status rt_validation_begin(rt_validation *validation, rt_device *device);
/** Makes the messenger of the finished instance. */
RT_CHECKED rt_status rt_validation_attach(const rt_validation *validation, rt_device *device);

#endif
