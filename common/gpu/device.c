#include "common/gpu/features.h"
#include "common/gpu/pipeline.h"
#include "common/gpu/validation.h"

#include <stdlib.h>
#include <string.h>

static const char install_hint[] =
    "install a Vulkan driver (without a GPU: the package mesa-vulkan-drivers)";

/* A physical device that Retort can use. */
typedef struct candidate {
    VkPhysicalDevice physical;
    uint32_t queue_family;
    rt_device_info info;
} candidate;

static rt_status make_instance(rt_device *device, bool validate)
{
    rt_device_prepare_environment();
    RT_TRY(rt_vulkan_load_global(&device->calls));
    rt_validation validation = {0};
    if (validate) RT_TRY(rt_validation_begin(&validation, device));
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .pApplicationName = "retort",
                                           .apiVersion = VK_API_VERSION_1_2};
    const VkInstanceCreateInfo create = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                         .pNext = validation.next,
                                         .pApplicationInfo = &application,
                                         .enabledLayerCount = validation.layer_count,
                                         .ppEnabledLayerNames = validation.layers,
                                         .enabledExtensionCount = validation.extension_count,
                                         .ppEnabledExtensionNames = validation.extensions};
    const VkResult result =
        RT_VULKAN(&device->calls, CreateInstance, &create, NULL, &device->instance);
    if (result != VK_SUCCESS) {
        return rt_fail(RT_ERROR_DEVICE, "no Vulkan device: %s; %s", rt_vulkan_result_text(result),
                       install_hint);
    }
    RT_TRY(rt_vulkan_load_instance(&device->calls, device->instance));
    return validate ? rt_validation_attach(&validation, device) : RT_OK;
}

static int rank(const rt_device_info *info)
{
    static const char *const order[] = {"discrete", "integrated", "virtual", "cpu"};
    for (int i = 0; i < (int)RT_COUNT(order); i++) {
        if (strcmp(info->kind, order[i]) == 0) return i;
    }
    return (int)RT_COUNT(order);
}

/* Insertion keeps the driver's order within a kind. */
static void insert(candidate *candidates, uint32_t count, const candidate *added)
{
    uint32_t place = count;
    for (; place > 0 && rank(&candidates[place - 1].info) > rank(&added->info); place--) {
        candidates[place] = candidates[place - 1];
    }
    candidates[place] = *added;
}

/* The usable devices in selector order; the array is the caller's to rt_free. */
static rt_status find_candidates(const rt_device *device, candidate **candidates, uint32_t *count)
{
    rt_status status = RT_OK;
    VkPhysicalDevice *physicals = NULL;
    uint32_t physical_count = 0;
    *candidates = NULL;
    *count = 0;
    RT_TRY_DONE(rt_vulkan_check(RT_VULKAN(&device->calls, EnumeratePhysicalDevices,
                                          device->instance, &physical_count, NULL),
                                "list the Vulkan devices"));
    RT_TRY_DONE(RT_ALLOC(physicals, physical_count));
    RT_TRY_DONE(RT_ALLOC(*candidates, physical_count));
    RT_TRY_DONE(rt_vulkan_check(RT_VULKAN(&device->calls, EnumeratePhysicalDevices,
                                          device->instance, &physical_count, physicals),
                                "list the Vulkan devices"));
    for (uint32_t i = 0; i < physical_count; i++) {
        candidate found = {.physical = physicals[i]};
        if (!rt_device_inspect(&device->calls, physicals[i], device->minimum_limits, &found.info,
                               &found.queue_family))
            continue;
        insert(*candidates, (*count)++, &found);
    }
done:
    rt_free(physicals);
    return status;
}

static rt_status no_such_device(const candidate *candidates, uint32_t count, const char *selector)
{
    rt_buffer list = {0};
    rt_status status = RT_OK;
    for (uint32_t i = 0; i < count && status == RT_OK; i++) {
        status =
            rt_buffer_printf(&list, "%s%u '%s'", i > 0 ? ", " : "", i, candidates[i].info.name);
    }
    if (status == RT_OK) {
        status = rt_fail(RT_ERROR_DEVICE, "no device '%s'; there are: %s", selector,
                         (const char *)list.data);
    }
    rt_buffer_clear(&list);
    return status;
}

static rt_status select_candidate(const candidate *candidates, uint32_t count, const char *selector,
                                  const candidate **selected)
{
    if (count == 0) {
        return rt_fail(RT_ERROR_DEVICE, "no Vulkan 1.2 device that computes; %s", install_hint);
    }
    *selected = &candidates[0];
    if (selector == NULL || selector[0] == '\0') return RT_OK;
    if (strspn(selector, "0123456789") == strlen(selector)) {
        const unsigned long position = strtoul(selector, NULL, 10);
        if (position >= count) return no_such_device(candidates, count, selector);
        *selected = &candidates[position];
        return RT_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        *selected = &candidates[i];
        if (strcasestr(candidates[i].info.name, selector) != NULL) return RT_OK;
    }
    return no_such_device(candidates, count, selector);
}

static rt_status make_device(rt_device *device)
{
    RT_TRY(rt_device_find_features(device));
    rt_features features;
    rt_device_use_features(device, &features);
    const float priority = 1;
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                           .queueFamilyIndex = device->queue_family,
                                           .queueCount = 1,
                                           .pQueuePriorities = &priority};
    const VkDeviceCreateInfo create = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = features.next,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = features.extension_count,
        .ppEnabledExtensionNames = features.extensions,
    };
    const VkResult result =
        RT_VULKAN(&device->calls, CreateDevice, device->physical, &create, NULL, &device->device);
    if (result != VK_SUCCESS) {
        return rt_fail(RT_ERROR_DEVICE, "cannot open device '%s': %s", device->info.name,
                       rt_vulkan_result_text(result));
    }
    RT_TRY(rt_vulkan_load_device(&device->calls, device->device));
    device->calls.GetDeviceQueue(device->device, device->queue_family, 0, &device->queue);
    return RT_OK;
}

/* What only this folder needs to know of the chosen device. */
static void take_limits(rt_device *device)
{
    VkPhysicalDeviceProperties properties;
    device->calls.GetPhysicalDeviceProperties(device->physical, &properties);
    for (int i = 0; i < 3; i++) {
        const uint32_t limit = properties.limits.maxComputeWorkGroupCount[i];
        device->maximum_groups[i] = device->minimum_limits && limit > 65535 ? 65535 : limit;
    }
    device->calls.GetPhysicalDeviceMemoryProperties(device->physical, &device->memory);
    VkQueueFamilyProperties families[16];
    uint32_t count = RT_COUNT(families);
    device->calls.GetPhysicalDeviceQueueFamilyProperties(device->physical, &count, families);
    const uint32_t bits = families[device->queue_family].timestampValidBits;
    device->timestamp_mask = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

rt_status rt_device_open(rt_device **opened, const rt_device_options *options)
{
    rt_status status = RT_OK;
    candidate *candidates = NULL;
    uint32_t count;
    const candidate *selected = NULL;
    rt_device *device;
    *opened = NULL;
    RT_TRY(RT_ALLOC(device, 1));
    device->minimum_limits = options->minimum_limits;
    RT_TRY_DONE(make_instance(device, options->validate));
    RT_TRY_DONE(find_candidates(device, &candidates, &count));
    RT_TRY_DONE(select_candidate(candidates, count, options->selector, &selected));
    device->physical = selected->physical;
    device->queue_family = selected->queue_family;
    device->info = selected->info;
    take_limits(device);
    RT_TRY_DONE(make_device(device));
    RT_TRY_DONE(rt_shaders_init(device));
    *opened = device;
done:
    rt_free(candidates);
    if (status != RT_OK) rt_device_close(device);
    return status;
}

void rt_device_close(rt_device *device)
{
    if (device == NULL) return;
    const rt_vulkan_calls *calls = &device->calls;
    if (device->device != NULL && calls->DeviceWaitIdle != NULL && !device->hung) {
        calls->DeviceWaitIdle(device->device);
        rt_transfer_clear(device);
    }
    rt_shaders_clear(device);
    if (device->device != NULL && calls->DestroyDevice != NULL && !device->hung) {
        calls->DestroyDevice(device->device, NULL);
    }
    if (device->messenger != VK_NULL_HANDLE) {
        calls->DestroyDebugUtilsMessengerEXT(device->instance, device->messenger, NULL);
    }
    if (device->instance != NULL && calls->DestroyInstance != NULL && !device->hung) {
        calls->DestroyInstance(device->instance, NULL);
    }
    rt_free(device);
}

const rt_device_info *rt_device_describe(const rt_device *device) { return &device->info; }

uint32_t rt_device_validation_messages(const rt_device *device)
{
    return device->validation_messages;
}

rt_status rt_device_list(rt_arena *arena, rt_device_info **infos, uint32_t *count)
{
    rt_status status = RT_OK;
    candidate *candidates = NULL;
    rt_device *device;
    *infos = NULL;
    *count = 0;
    RT_TRY(RT_ALLOC(device, 1));
    RT_TRY_DONE(make_instance(device, false));
    RT_TRY_DONE(find_candidates(device, &candidates, count));
    *infos = rt_arena_alloc(arena, *count, sizeof **infos);
    if (*infos == NULL) {
        status = RT_ERROR_MEMORY;
        goto done;
    }
    for (uint32_t i = 0; i < *count; i++) (*infos)[i] = candidates[i].info;
done:
    rt_free(candidates);
    rt_device_close(device);
    return status;
}
