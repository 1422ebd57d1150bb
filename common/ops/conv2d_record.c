#include "common/ops/conv2d_record.h"

#include "common/base/io.h"

#include <stdlib.h>
#include <string.h>

#define KEY(name, type_)                                                                           \
    .key = #name, .type = type_, .offset = offsetof(rt_conv2d_record, name), .required = true
static const rt_config_row rows[] = {
    {KEY(device, RT_STRING), .help = "name of the device"},
    {KEY(driver, RT_STRING), .help = "and of its driver, with the version"},
    {KEY(subgroup_size, RT_UINT), .help = "of the device"},
    {KEY(program, RT_STRING), .help = "version of this program"},
    {KEY(conv2d, RT_STRING_LIST), .help = "families of kernels for convolutions, the best first"},
    {KEY(timed, RT_BOOL), .help = "whether the kernels of a layer are chosen by timing"},
    {KEY(layers, RT_STRING_LIST), .help = "and what came out"},
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

/* The last key, the layers, with a line for each. */
static rt_status write_layers(const rt_config_strings *layers, rt_buffer *yaml)
{
    RT_TRY(rt_buffer_printf(yaml, "layers:%s\n", layers->count == 0 ? " []" : ""));
    for (uint32_t i = 0; i < layers->count; i++)
        RT_TRY(rt_buffer_printf(yaml, "  - \"%s\"\n", layers->values[i]));
    return RT_OK;
}

rt_status rt_conv2d_record_write(const rt_conv2d_record *record, const char *path)
{
    rt_status status = RT_OK;
    rt_buffer yaml = {0};
    rt_config_schema head = schema;
    head.count--;
    RT_TRY_DONE(rt_config_write(record, &head, false, &yaml));
    RT_TRY_DONE(write_layers(&record->layers, &yaml));
    RT_TRY_DONE(rt_file_replace(path, yaml.data, yaml.size));
done:
    rt_buffer_clear(&yaml);
    return status;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Rows in the order of their text: how they were found must not matter. */
rt_status rt_conv2d_plan_write(const rt_conv2d_plan *plan, const rt_device *device,
                               const char *path)
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    const char *names[RT_CONV2D_ENTRANTS];
    rt_conv2d_record record = rt_conv2d_record_for(device);
    const char **lines = rt_arena_alloc(&arena, plan->table.count + 1, sizeof *lines);
    if (lines == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < plan->contenders.count; i++)
        names[i] = plan->contenders.families[i]->name;
    for (uint32_t i = 0; i < plan->table.count && status == RT_OK; i++) {
        lines[i] = rt_conv2d_entry_print(&plan->table.entries[i], &arena);
        if (lines[i] == NULL) status = RT_ERROR_MEMORY;
    }
    if (status == RT_OK) qsort(lines, plan->table.count, sizeof *lines, by_text);
    record.conv2d = (rt_config_strings){names, plan->contenders.count};
    record.timed = plan->timed;
    record.layers = (rt_config_strings){lines, plan->table.count};
    if (status == RT_OK) status = rt_conv2d_record_write(&record, path);
    rt_arena_clear(&arena);
    return status;
}

static rt_status fail_unknown(const rt_conv2d_record *record, const char *path, const char *what)
{
    return rt_fail(RT_ERROR_INPUT,
                   "'%s' names the kernels '%s', which this program does not have here; go on with "
                   "the program and the device that began (%s on %s), or remove that file and lose "
                   "the same bits",
                   path, what, record->program, record->device);
}

static rt_status read_families(rt_conv2d_contenders *contenders, const rt_conv2d_record *record,
                               const char *path)
{
    const rt_config_strings *names = &record->conv2d;
    if (names->count < 1 || names->count > RT_COUNT(contenders->families))
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' names %u families of kernels; remove that file and lose the same bits",
                       path, names->count);
    for (uint32_t i = 0; i < names->count; i++) {
        contenders->families[i] = rt_conv2d_family_find(names->values[i]);
        if (contenders->families[i] == NULL) return fail_unknown(record, path, names->values[i]);
    }
    contenders->count = names->count;
    return RT_OK;
}

rt_status rt_conv2d_plan_read(rt_conv2d_plan *plan, const rt_device *device,
                              const rt_conv2d_record *record, const char *path)
{
    rt_status status = RT_OK;
    *plan = (rt_conv2d_plan){.timed = record->timed};
    RT_TRY(read_families(&plan->contenders, record, path));
    for (uint32_t i = 0; i < record->layers.count && status == RT_OK; i++) {
        rt_conv2d_entry entry;
        const char *line = record->layers.values[i];
        status = rt_conv2d_entry_read(&entry, rt_device_describe(device), line)
                     ? rt_conv2d_table_put(&plan->table, &entry)
                     : fail_unknown(record, path, line);
    }
    if (status != RT_OK) rt_conv2d_table_clear(&plan->table);
    return status;
}
