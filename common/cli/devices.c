#include "common/cli/commands.h"
#include "common/ops/conv2d_choice.h"

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

static void print_race(const rt_conv2d_race *race)
{
    for (uint32_t i = 0; i < race->figure_count; i++) {
        const rt_conv2d_figure *f = &race->figures[i];
        printf("   conv2d %ux%ux%ux%u 3x3 %-15s  %-8s ", f->layer->images, f->layer->height,
               f->layer->width, f->layer->in_channels, rt_conv2d_pass_name(f->pass),
               f->family->name);
        if (f->seconds > 0)
            printf("%8.1f GFLOP/s\n", f->flops / f->seconds * 1e-9);
        else
            printf("   wrong\n");
    }
    printf("   conv2d uses the '%s' kernels\n", race->winner->name);
}

static bool fill_figure(cJSON *object, const rt_conv2d_figure *f)
{
    return cJSON_AddStringToObject(object, "kernels", f->family->name) != NULL &&
           cJSON_AddStringToObject(object, "pass", rt_conv2d_pass_name(f->pass)) != NULL &&
           add_number(object, "channels", f->layer->in_channels) &&
           cJSON_AddBoolToObject(object, "right", f->seconds > 0) != NULL &&
           add_number(object, "seconds", f->seconds) &&
           add_number(object, "gflops", f->seconds > 0 ? f->flops / f->seconds * 1e-9 : 0);
}

/* NULL when memory runs out. */
static cJSON *describe_race(const rt_conv2d_race *race)
{
    cJSON *conv2d = cJSON_CreateObject();
    cJSON *figures = cJSON_AddArrayToObject(conv2d, "figures");
    bool filled =
        figures != NULL && cJSON_AddStringToObject(conv2d, "kernels", race->winner->name) != NULL;
    for (uint32_t i = 0; filled && i < race->figure_count; i++) {
        cJSON *object = cJSON_CreateObject();
        filled = object != NULL && cJSON_AddItemToArray(figures, object) &&
                 fill_figure(object, &race->figures[i]);
    }
    if (filled) return conv2d;
    cJSON_Delete(conv2d);
    return NULL;
}

/* Measures one device and adds what came out to its description, or prints it. */
static rt_status tune(const rt_command *command, uint32_t position, cJSON *description)
{
    rt_conv2d_race race;
    rt_device *device;
    char selector[16];
    snprintf(selector, sizeof selector, "%u", position);
    RT_TRY(rt_device_open(&device, &(rt_device_options){.selector = selector}));
    const rt_status status = rt_conv2d_tune(device, &race);
    rt_device_close(device);
    if (status != RT_OK) return status;
    if (!command->json) {
        print_race(&race);
        return RT_OK;
    }
    cJSON *conv2d = describe_race(&race);
    if (conv2d == NULL || !cJSON_AddItemToObject(description, "conv2d", conv2d))
        return rt_fail(RT_ERROR_MEMORY, "out of memory for the result");
    return RT_OK;
}

static rt_status run(rt_command *command)
{
    const bool tuning = rt_command_option(command, "tune") != NULL;
    rt_device_info *infos;
    uint32_t count;
    rt_status status = RT_OK;
    RT_TRY(rt_device_list(&command->arena, &infos, &count));
    cJSON *array = describe_all(infos, count);
    if (array == NULL) return rt_fail(RT_ERROR_MEMORY, "out of memory for the result");
    for (uint32_t i = 0; i < count; i++) {
        if (!command->json)
            printf("%u  %s (%s, %.1f GiB, subgroup %u)\n   %s\n", i, infos[i].name, infos[i].kind,
                   (double)infos[i].memory_bytes / (1 << 30), infos[i].subgroup_size,
                   infos[i].driver);
        if (tuning) RT_TRY_DONE(tune(command, i, cJSON_GetArrayItem(array, (int)i)));
    }
done:
    if (status == RT_OK) return rt_command_result_item(command, "devices", array);
    cJSON_Delete(array);
    return status;
}

static const rt_option options[] = {
    {"tune", NULL, "time the convolution kernels of every device, and keep the choice"},
};

const rt_command_description rt_devices_command = {
    .name = "devices",
    .summary = "list the Vulkan devices of this machine",
    .usage = "",
    .example = "retort devices --json",
    .detail =
        "Other commands take a device by its number or a part of its name: --device 1. Without\n"
        "that they use the fastest kind there is: discrete GPU, integrated GPU, CPU.\n"
        "Which kernels a device runs is found by timing, on first use (a second or two) or ahead\n"
        "with --tune, and kept in the cache folder. A run repeats the choice in its tuning.yaml.\n"
        "RETORT_CONV2D=shuffle, shared or plain in the environment chooses by hand.\n",
    .options = options,
    .option_count = RT_COUNT(options),
    .run = run,
};
