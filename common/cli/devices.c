#include "common/cli/commands.h"

#include <cjson/cJSON.h>
#include <stdio.h>

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

static rt_status run(rt_command *command)
{
    rt_device_info *infos;
    uint32_t count;
    RT_TRY(rt_device_list(&command->arena, &infos, &count));
    if (!command->json) {
        for (uint32_t i = 0; i < count; i++) {
            printf("%u  %s (%s, %.1f GiB, subgroup %u)\n   %s\n", i, infos[i].name, infos[i].kind,
                   (double)infos[i].memory_bytes / (1 << 30), infos[i].subgroup_size,
                   infos[i].driver);
        }
    }
    return rt_command_result_item(command, "devices", describe_all(infos, count));
}

const rt_command_description rt_devices_command = {
    .name = "devices",
    .summary = "list the Vulkan devices of this machine",
    .usage = "",
    .example = "retort devices --json",
    .detail =
        "Other commands take a device by its number or a part of its name: --device 1. Without\n"
        "that they use the fastest kind there is: discrete GPU, integrated GPU, CPU.\n",
    .run = run,
};
