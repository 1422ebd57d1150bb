#include "common/ops/conv2d_choice.h"

#include "common/base/cache_folder.h"
#include "common/base/io.h"
#include "common/base/log.h"
#include "common/base/progress.h"
#include "common/ops/conv2d_record.h"

#include <stdlib.h>
#include <string.h>

/* Of the process: one device at a time, as the program uses them. */
static const rt_conv2d_family *chosen;
static rt_conv2d_choice forced;
static char chosen_for[256]; ///< the device's name

/* A family for no layer in particular. */
static const rt_conv2d_shape typical = {.images = 1,
                                        .height = 16,
                                        .width = 16,
                                        .in_channels = 16,
                                        .out_channels = 16,
                                        .kernel_h = 3,
                                        .kernel_w = 3,
                                        .stride = 1,
                                        .padding = 1,
                                        .out_height = 16,
                                        .out_width = 16};

static void choose(const rt_device *device, const rt_conv2d_family *family)
{
    const char *name = rt_device_describe(device)->name;
    chosen = family;
    memcpy(chosen_for, name, strlen(name) + 1);
}

void rt_conv2d_force(const rt_conv2d_family *family, uint32_t candidate)
{
    forced = (rt_conv2d_choice){family, candidate};
    if (family == NULL) chosen = NULL;
}

static const rt_conv2d_family *first_that_fits(const rt_device *device,
                                               const rt_conv2d_shape *shape, rt_conv2d_pass pass)
{
    const rt_device_info *info = rt_device_describe(device);
    for (uint32_t i = 0; i < rt_conv2d_family_count; i++)
        if (rt_conv2d_families[i]->candidates(info, shape, pass) > 0) return rt_conv2d_families[i];
    return &rt_conv2d_plain_family;
}

/* NULL where the environment says nothing. */
static rt_status ask_environment(const rt_device *device, const rt_conv2d_family **family)
{
    const char *name = getenv("RETORT_CONV2D");
    *family = NULL;
    if (name == NULL || name[0] == '\0') return RT_OK;
    if (strcmp(name, "untimed") == 0) {
        *family = first_that_fits(device, &typical, RT_CONV2D_FORWARD);
        return RT_OK;
    }
    *family = rt_conv2d_family_find(name);
    if (*family != NULL) return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "the environment asks for unknown kernels: RETORT_CONV2D=%s; there are shuffle, "
                   "shared, plain, and untimed for the best known",
                   name);
}

/* NULL where the cache has no good answer; why does not matter, a new one is made. */
static const rt_conv2d_family *ask_cache(const rt_conv2d_record *wanted, const char *path)
{
    rt_arena arena = {0};
    rt_conv2d_record found;
    const rt_conv2d_family *family = NULL;
    if (rt_file_exists(path) && rt_conv2d_record_read(&found, path, &arena) == RT_OK &&
        rt_conv2d_record_matches(&found, wanted))
        family = rt_conv2d_family_find(found.conv2d);
    rt_arena_clear(&arena);
    return family;
}

/* Without a cache the next process takes the same second or two again: nothing to fail for. */
static void put_into_cache(rt_conv2d_record record, const rt_conv2d_family *family)
{
    rt_arena arena = {0};
    const char *folder = rt_cache_folder(&arena);
    const char *path = rt_conv2d_record_cached_path(&record, &arena);
    record.conv2d = family->name;
    if (path != NULL &&
        (rt_directory_create(folder) != RT_OK || rt_conv2d_record_write(&record, path) != RT_OK))
        rt_log("the choice of kernels could not be kept: %s", rt_error_message());
    rt_arena_clear(&arena);
}

static rt_status decide_by_race(rt_device *device, const rt_conv2d_family **family)
{
    rt_conv2d_race race = {.families = rt_conv2d_families, .count = rt_conv2d_family_count};
    const double began = rt_seconds();
    RT_TRY(rt_conv2d_race_run(&race, device));
    *family = race.winner;
    rt_log("kernels for '%s': %s convolutions, by timing (%.1f s)",
           rt_device_describe(device)->name, race.winner->name, rt_seconds() - began);
    return RT_OK;
}

static rt_status make_choice(rt_device *device)
{
    const rt_conv2d_family *family;
    RT_TRY(ask_environment(device, &family));
    if (family == NULL) {
        rt_arena arena = {0};
        const rt_conv2d_record record = rt_conv2d_record_for(device);
        const char *path = rt_conv2d_record_cached_path(&record, &arena);
        if (path != NULL) family = ask_cache(&record, path);
        rt_arena_clear(&arena);
        if (family == NULL) {
            RT_TRY(decide_by_race(device, &family));
            put_into_cache(record, family);
        }
    }
    choose(device, family);
    return RT_OK;
}

static bool is_chosen(const rt_device *device)
{
    return chosen != NULL && strcmp(chosen_for, rt_device_describe(device)->name) == 0;
}

rt_status rt_conv2d_choose(rt_device *device, const rt_conv2d_shape *shape, rt_conv2d_pass pass,
                           rt_conv2d_choice *choice)
{
    if (forced.family == NULL && !is_chosen(device)) RT_TRY(make_choice(device));
    *choice = forced.family != NULL ? forced : (rt_conv2d_choice){.family = chosen};
    const uint32_t candidates = choice->family->candidates(rt_device_describe(device), shape, pass);
    if (candidates == 0)
        *choice = (rt_conv2d_choice){.family = first_that_fits(device, shape, pass)};
    else if (choice->candidate >= candidates)
        choice->candidate = candidates - 1;
    return RT_OK;
}

/* What a run began with, from its file. */
static rt_status take_recorded(const rt_device *device, const char *path, rt_arena *arena)
{
    const rt_conv2d_record here = rt_conv2d_record_for(device);
    rt_conv2d_record found;
    RT_TRY(rt_conv2d_record_read(&found, path, arena));
    const rt_conv2d_family *family = rt_conv2d_family_find(found.conv2d);
    if (family == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' names the kernels '%s', which this program does not have; go on with "
                       "the program that began (%s), or remove that file and lose the same bits",
                       path, found.conv2d, found.program);
    if (!rt_conv2d_record_matches(&found, &here))
        rt_log_warning("'%s' was made by Retort %s on '%s' (%s): from here on results may differ "
                       "in their last digits",
                       path, found.program, found.device, found.driver);
    choose(device, family);
    return RT_OK;
}

rt_status rt_conv2d_keep(rt_device *device, const char *path)
{
    rt_arena arena = {0};
    rt_status status = RT_OK;
    if (rt_file_exists(path)) {
        RT_TRY_DONE(take_recorded(device, path, &arena));
    } else {
        rt_conv2d_record record = rt_conv2d_record_for(device);
        rt_conv2d_choice choice;
        RT_TRY_DONE(rt_conv2d_choose(device, &typical, RT_CONV2D_FORWARD, &choice));
        record.conv2d = choice.family->name;
        RT_TRY_DONE(rt_conv2d_record_write(&record, path));
    }
done:
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_conv2d_tune(rt_device *device, rt_conv2d_race *race)
{
    *race = (rt_conv2d_race){
        .families = rt_conv2d_families, .count = rt_conv2d_family_count, .whole = true};
    RT_TRY(rt_conv2d_race_run(race, device));
    put_into_cache(rt_conv2d_record_for(device), race->winner);
    return RT_OK;
}
