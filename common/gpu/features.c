/* What a device may have and Retort uses where it is: found out, and switched on. */

#include "common/gpu/features.h"

#include <string.h>

static bool has(const VkExtensionProperties *extensions, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(extensions[i].extensionName, name) == 0) return true;
    return false;
}

/* Where the driver may vary the number of lanes from shader to shader, shaders that shuffle need a
 * promise that it does not; other drivers lack the extension and do not vary it. */
static bool controls_subgroup_size(const rt_device *device)
{
    VkPhysicalDeviceSubgroupSizeControlPropertiesEXT properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES_EXT};
    VkPhysicalDeviceProperties2 all_properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &properties};
    device->calls.GetPhysicalDeviceProperties2(device->physical, &all_properties);
    VkPhysicalDeviceSubgroupSizeControlFeaturesEXT features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES_EXT};
    VkPhysicalDeviceFeatures2 all_features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                              .pNext = &features};
    device->calls.GetPhysicalDeviceFeatures2(device->physical, &all_features);
    return features.subgroupSizeControl && features.computeFullSubgroups &&
           (properties.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0;
}

/* A product of 16x16 matrices of float16, added up in float32, by a subgroup. */
static bool is_wanted(const VkCooperativeMatrixPropertiesNV *p)
{
    return p->MSize == 16 && p->NSize == 16 && p->KSize == 16 &&
           p->AType == VK_COMPONENT_TYPE_FLOAT16_NV && p->BType == VK_COMPONENT_TYPE_FLOAT16_NV &&
           p->CType == VK_COMPONENT_TYPE_FLOAT32_NV && p->DType == VK_COMPONENT_TYPE_FLOAT32_NV &&
           p->scope == VK_SCOPE_SUBGROUP_NV;
}

static rt_status has_matrix_size(const rt_device *device, bool *found)
{
    rt_status status = RT_OK;
    VkCooperativeMatrixPropertiesNV *sizes = NULL;
    uint32_t count = 0;
    *found = false;
    RT_TRY_DONE(
        rt_vulkan_check(RT_VULKAN(&device->calls, GetPhysicalDeviceCooperativeMatrixPropertiesNV,
                                  device->physical, &count, NULL),
                        "list the cooperative matrices of a device"));
    RT_TRY_DONE(RT_ALLOC(sizes, count));
    for (uint32_t i = 0; i < count; i++)
        sizes[i].sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_NV;
    RT_TRY_DONE(
        rt_vulkan_check(RT_VULKAN(&device->calls, GetPhysicalDeviceCooperativeMatrixPropertiesNV,
                                  device->physical, &count, sizes),
                        "list the cooperative matrices of a device"));
    for (uint32_t i = 0; i < count; i++) *found = *found || is_wanted(&sizes[i]);
done:
    rt_free(sizes);
    return status;
}

static rt_status multiplies_matrices(const rt_device *device, bool *found)
{
    *found = false;
    if (device->calls.GetPhysicalDeviceCooperativeMatrixPropertiesNV == NULL) return RT_OK;
    VkPhysicalDeviceCooperativeMatrixFeaturesNV matrices = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV};
    VkPhysicalDeviceVulkan12Features core = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, .pNext = &matrices};
    VkPhysicalDeviceFeatures2 all = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                     .pNext = &core};
    device->calls.GetPhysicalDeviceFeatures2(device->physical, &all);
    if (!matrices.cooperativeMatrix || !core.shaderFloat16 || !core.vulkanMemoryModel) return RT_OK;
    return has_matrix_size(device, found);
}

rt_status rt_device_find_features(rt_device *device)
{
    rt_status status = RT_OK;
    VkExtensionProperties *extensions = NULL;
    uint32_t count = 0;
    RT_TRY_DONE(rt_vulkan_check(RT_VULKAN(&device->calls, EnumerateDeviceExtensionProperties,
                                          device->physical, NULL, &count, NULL),
                                "list the extensions of a device"));
    RT_TRY_DONE(RT_ALLOC(extensions, count));
    RT_TRY_DONE(rt_vulkan_check(RT_VULKAN(&device->calls, EnumerateDeviceExtensionProperties,
                                          device->physical, NULL, &count, extensions),
                                "list the extensions of a device"));
    if (has(extensions, count, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME))
        device->subgroup_size_control = controls_subgroup_size(device);
    if (has(extensions, count, VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME))
        RT_TRY_DONE(multiplies_matrices(device, &device->info.cooperative_matrix));
done:
    rt_free(extensions);
    return status;
}

void rt_device_use_features(const rt_device *device, rt_features *features)
{
    *features = (rt_features){
        .subgroup_size = {.sType =
                              VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES_EXT,
                          .subgroupSizeControl = VK_TRUE,
                          .computeFullSubgroups = VK_TRUE},
        .core = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
                 .shaderFloat16 = VK_TRUE,
                 .vulkanMemoryModel = VK_TRUE},
        .matrices = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV,
                     .cooperativeMatrix = VK_TRUE},
    };
    if (device->subgroup_size_control) {
        features->subgroup_size.pNext = features->next;
        features->next = &features->subgroup_size;
        features->extensions[features->extension_count++] =
            VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
    }
    if (device->info.cooperative_matrix) {
        features->core.pNext = features->next;
        features->matrices.pNext = &features->core;
        features->next = &features->matrices;
        features->extensions[features->extension_count++] = VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME;
    }
}
