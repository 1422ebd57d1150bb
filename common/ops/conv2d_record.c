#include "common/ops/conv2d_record.h"

#include "common/base/cache_folder.h"
#include "common/base/config.h"
#include "common/base/hash.h"
#include "common/base/io.h"

#include <string.h>

#define KEY(name, type_)                                                                           \
    .key = #name, .type = type_, .offset = offsetof(rt_conv2d_record, name), .required = true
static const rt_config_row rows[] = {
    {KEY(device, RT_STRING), .help = "name of the device"},
    {KEY(driver, RT_STRING), .help = "and of its driver, with the version"},
    {KEY(subgroup_size, RT_UINT), .help = "of the device"},
    {KEY(program, RT_STRING), .help = "version of this program"},
    {KEY(conv2d, RT_STRING), .help = "the kernels chosen for convolutions"},
};
static const rt_config_schema schema = {
    .command = "tuning", .rows = rows, .count = RT_COUNT(rows), .size = sizeof(rt_conv2d_record)};

rt_conv2d_record rt_conv2d_record_for(const rt_device *device)
{
    const rt_device_info *info = rt_device_describe(device);
    return (rt_conv2d_record){.device = info->name,
                              .driver = info->driver,
                              .program = RT_VERSION,
                              .subgroup_size = info->subgroup_size};
}

bool rt_conv2d_record_matches(const rt_conv2d_record *record, const rt_conv2d_record *other)
{
    return strcmp(record->device, other->device) == 0 &&
           strcmp(record->driver, other->driver) == 0 &&
           strcmp(record->program, other->program) == 0 &&
           record->subgroup_size == other->subgroup_size;
}

rt_status rt_conv2d_record_read(rt_conv2d_record *record, const char *path, rt_arena *arena)
{
    return rt_config_load(record, &schema, path, NULL, 0, arena);
}

rt_status rt_conv2d_record_write(const rt_conv2d_record *record, const char *path)
{
    rt_status status = RT_OK;
    rt_buffer yaml = {0};
    RT_TRY_DONE(rt_config_write(record, &schema, false, &yaml));
    RT_TRY_DONE(rt_file_replace(path, yaml.data, yaml.size));
done:
    rt_buffer_clear(&yaml);
    return status;
}

const char *rt_conv2d_record_cached_path(const rt_conv2d_record *record, rt_arena *arena)
{
    char hash[RT_SHA256_TEXT];
    const char *folder = rt_cache_folder(arena);
    const char *key = rt_arena_printf(arena, "%s\n%s\n%u\n%s", record->device, record->driver,
                                      record->subgroup_size, record->program);
    if (folder == NULL || key == NULL) return NULL;
    rt_sha256(key, strlen(key), hash);
    return rt_arena_printf(arena, "%s/tuning-%.16s.yaml", folder, hash);
}
