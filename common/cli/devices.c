#include "common/cli/commands.h"
#include "common/cli/tune.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static bool add_number(cJSON *object, const char *key, double value)
{
    return cJSON_AddNumberToObject(object, key, value) != NULL;
}

static bool fill(cJSON *object, const rt_device_info *info, uint32_t position)
{
    return add_number(object, "device", position) &&
           cJSON_AddStringToObject(object, "name", info->name) != NULL &&
           cJSON_AddStringToObject(object, "kind", info->kind) != NULL &&
           cJSON_AddStringToObject(object, "driver", info->driver) != NULL &&
           add_number(object, "memory_bytes", (double)info->memory_bytes) &&
           add_number(object, "maximum_allocation_bytes", (double)info->maximum_allocation_bytes) &&
           add_number(object, "maximum_storage_range_bytes",
                      (double)info->maximum_storage_range_bytes) &&
           add_number(object, "subgroup_size", info->subgroup_size) &&
           add_number(object, "shared_memory_bytes", info->shared_memory_bytes);
}

/* NULL when memory runs out. */
static cJSON *describe_all(const rt_device_info *infos, uint32_t count)
{
    cJSON *array = cJSON_CreateArray();
    for (uint32_t i = 0; array != NULL && i < count; i++) {
        cJSON *object = cJSON_CreateObject();
        if (object == NULL || !cJSON_AddItemToArray(array, object)) {
            cJSON_Delete(object);
            cJSON_Delete(array);
            return NULL;
        }
        if (!fill(object, &infos[i], i)) {
            cJSON_Delete(array);
            return NULL;
        }
    }
    return array;
}

/* Measures one device and adds what came out to its description, or prints it. */
static rt_status tune(rt_command *command, uint32_t position, cJSON *description)
{
    rt_device *device;
    char selector[16];
    snprintf(selector, sizeof selector, "%u", position);
    RT_TRY(rt_device_open(&device, &(rt_device_options){.selector = selector}));
    const rt_status status = rt_tune_device(command, device, description);
    rt_device_close(device);
    return status;
}

/* --device: which of the devices it means; else all of them. */
static rt_status find_wanted(rt_command *command, const char **name)
{
    rt_device *device;
    *name = NULL;
    if (command->device == NULL) return RT_OK;
    RT_TRY(rt_command_open_device(command, NULL, &device));
    *name = rt_device_describe(device)->name;
    return RT_OK;
}

static rt_status run(rt_command *command)
{
    const bool tuning = rt_command_option(command, "tune") != NULL;
    const char *wanted;
    rt_device_info *infos;
    uint32_t count;
    rt_status status = RT_OK;
    if (!tuning && (command->argument_count > 0 || rt_command_option(command, "match") != NULL))
        return rt_fail(RT_ERROR_INPUT, "a CONFIG and --match go with --tune");
    RT_TRY(find_wanted(command, &wanted));
    RT_TRY(rt_device_list(&command->arena, &infos, &count));
    cJSON *array = describe_all(infos, count);
    if (array == NULL) return rt_fail(RT_ERROR_MEMORY, "out of memory for the result");
    for (uint32_t i = 0; i < count; i++) {
        const bool tuned = tuning && (wanted == NULL || strcmp(infos[i].name, wanted) == 0);
        if (!command->json)
            printf("%u  %s (%s, %.1f GiB, subgroup %u)\n   %s\n", i, infos[i].name, infos[i].kind,
                   (double)infos[i].memory_bytes / (1 << 30), infos[i].subgroup_size,
                   infos[i].driver);
        if (tuned) RT_TRY_DONE(tune(command, i, cJSON_GetArrayItem(array, (int)i)));
    }
done:
    if (status == RT_OK) return rt_command_result_item(command, "devices", array);
    cJSON_Delete(array);
    return status;
}

static const rt_option options[] = {
    {"tune", NULL, "time the convolution kernels of every device (--device: one), keep the choice"},
    {"match", "TEXT", "with --tune, without CONFIG: only layers that have TEXT in their name"},
};

const rt_command_description rt_devices_command = {
    .name = "devices",
    .summary = "list the Vulkan devices of this machine",
    .usage = "[CONFIG]",
    .example = "retort devices --json",
    .detail =
        "Other commands take a device by its number or a part of its name: --device 1. Without\n"
        "that they use the fastest kind there is: discrete GPU, integrated GPU, CPU.\n"
        "Which kernels a device runs is found by timing and kept in the cache folder: on first\n"
        "use, for at most 30 seconds of a start, or ahead with --tune, for the layers of 'retort\n"
        "bench conv2d' or those of a run's CONFIG, without that limit. A run notes its choices in\n"
        "its tuning.yaml and repeats them with --resume.\n"
        "RETORT_CONV2D=shuffle, shared or plain in the environment chooses by hand, and\n"
        "cooperative takes a GPU's matrix units, in float16.\n",
    .options = options,
    .option_count = RT_COUNT(options),
    .flags = RT_FLAG_SET | RT_FLAG_DEVICE,
    .arguments_maximum = 1,
    .run = run,
};
