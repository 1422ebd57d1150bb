#include "common/ops/conv2d_cache.h"

#include "common/base/cache_folder.h"
#include "common/base/hash.h"
#include "common/base/io.h"
#include "common/base/log.h"

#include <string.h>

const char *rt_conv2d_cache_path(const rt_device *device, rt_arena *arena)
{
    char hash[RT_SHA256_TEXT];
    const rt_conv2d_record record = rt_conv2d_record_for(device);
    const char *folder = rt_cache_folder(arena);
    const char *key = rt_arena_printf(arena, "%s\n%s\n%u\n%s", record.device, record.driver,
                                      record.subgroup_size, record.program);
    if (folder == NULL || key == NULL) return NULL;
    rt_sha256(key, strlen(key), hash);
    return rt_arena_printf(arena, "%s/tuning-%.16s.yaml", folder, hash);
}

bool rt_conv2d_cache_read(rt_conv2d_plan *plan, const rt_device *device)
{
    rt_arena arena = {0};
    rt_conv2d_record found;
    const rt_conv2d_record wanted = rt_conv2d_record_for(device);
    const char *path = rt_conv2d_cache_path(device, &arena);
    *plan = (rt_conv2d_plan){0};
    const bool whole = path != NULL && rt_file_exists(path) &&
                       rt_conv2d_record_read(&found, path, &arena) == RT_OK &&
                       rt_conv2d_record_matches(&found, &wanted) &&
                       rt_conv2d_plan_read(plan, device, &found, path) == RT_OK;
    rt_arena_clear(&arena);
    return whole;
}

static rt_status add(const rt_conv2d_plan *plan, const rt_device *device, const char *path,
                     const char *folder)
{
    rt_status status = RT_OK;
    rt_conv2d_plan all;
    rt_conv2d_cache_read(&all, device);
    all.contenders = plan->contenders;
    all.timed = true;
    for (uint32_t i = 0; i < plan->table.count; i++)
        RT_TRY_DONE(rt_conv2d_table_put(&all.table, &plan->table.entries[i]));
    RT_TRY_DONE(rt_directory_create(folder));
    RT_TRY_DONE(rt_conv2d_plan_write(&all, device, path));
done:
    rt_conv2d_table_clear(&all.table);
    return status;
}

void rt_conv2d_cache_add(const rt_conv2d_plan *plan, const rt_device *device)
{
    rt_arena arena = {0};
    const char *folder = rt_cache_folder(&arena);
    const char *path = rt_conv2d_cache_path(device, &arena);
    if (path != NULL && folder != NULL && add(plan, device, path, folder) != RT_OK)
        rt_log("the choice of kernels could not be kept: %s", rt_error_message());
    rt_arena_clear(&arena);
}
