#include "common/gpu/validation.h"

#include "common/base/log.h"

#include <string.h>

static const char layer_name[] = "VK_LAYER_KHRONOS_validation";
static const VkValidationFeatureEnableEXT synchronization =
    VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;

static VKAPI_ATTR VkBool32 VKAPI_CALL receive(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                              VkDebugUtilsMessageTypeFlagsEXT types,
                                              const VkDebugUtilsMessengerCallbackDataEXT *data,
                                              void *user)
{
    (void)severity;
    (void)types;
    rt_device *device = user;
    device->validation_messages++;
    rt_log_warning("Vulkan validation: %s", data->pMessage);
    return VK_FALSE;
}

static rt_status find_layer(const rt_vulkan_calls *calls, bool *found)
{
    rt_status status = RT_OK;
    VkLayerProperties *layers = NULL;
    uint32_t count = 0;
    *found = false;
    RT_TRY(rt_vulkan_check(RT_VULKAN(calls, EnumerateInstanceLayerProperties, &count, NULL),
                           "list the Vulkan layers"));
    RT_TRY(RT_ALLOC(layers, count));
    RT_TRY_DONE(rt_vulkan_check(RT_VULKAN(calls, EnumerateInstanceLayerProperties, &count, layers),
                                "list the Vulkan layers"));
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(layers[i].layerName, layer_name) == 0) *found = true;
    }
done:
    rt_free(layers);
    return status;
}

rt_status rt_validation_begin(rt_validation *validation, rt_device *device)
{
    bool found;
    RT_TRY(find_layer(&device->calls, &found));
    if (!found) {
        return rt_fail(RT_ERROR_DEVICE,
                       "the Vulkan validation layer '%s' is not installed; install the package "
                       "vulkan-validationlayers, or go on without --validate",
                       layer_name);
    }
    *validation = (rt_validation){
        .layers = {layer_name},
        .layer_count = 1,
        .extensions = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME,
                       VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME},
        .extension_count = 2,
        .features = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
                     .enabledValidationFeatureCount = 1,
                     .pEnabledValidationFeatures = &synchronization},
        /* Not the GENERAL type: the loader uses it to say which drivers it could not load. */
        .messenger = {.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
                      .pNext = &validation->features,
                      .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                                         VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
                      .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
                      .pfnUserCallback = receive,
                      .pUserData = device},
    };
    validation->next = &validation->messenger;
    return RT_OK;
}

rt_status rt_validation_attach(const rt_validation *validation, rt_device *device)
{
    VkDebugUtilsMessengerCreateInfoEXT create = validation->messenger;
    create.pNext = NULL;
    if (device->calls.CreateDebugUtilsMessengerEXT == NULL) {
        return rt_fail(RT_ERROR_DEVICE, "the Vulkan validation layer sends no messages; update it");
    }
    return rt_vulkan_check(RT_VULKAN(&device->calls, CreateDebugUtilsMessengerEXT, device->instance,
                                     &create, NULL, &device->messenger),
                           "listen to the validation layer");
}
