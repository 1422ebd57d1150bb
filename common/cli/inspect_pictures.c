#include "common/cli/inspect_pictures.h"

#include "common/base/io.h"
#include "common/formats/png.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_NAME = 100 };

/* "3_dress"; "3" where the class has no other name. */
static char *folder_name(rt_arena *arena, const char *class_name, uint32_t number, int digits)
{
    char numeral[16];
    snprintf(numeral, sizeof numeral, "%u", number);
    if (*class_name == 0 || strcmp(class_name, numeral) == 0)
        return rt_arena_printf(arena, "%0*u", digits, number);
    char *name = rt_arena_printf(arena, "%0*u_%.*s", digits, number, LONGEST_NAME, class_name);
    for (char *c = name; c != NULL && *c != 0; c++)
        if (!isalnum((unsigned char)*c) && strchr("._-+", *c) == NULL) *c = '_';
    return name;
}

rt_status rt_pictures_begin(rt_pictures *pictures, rt_arena *arena, const char *folder,
                            const rt_store_description *d)
{
    *pictures = (rt_pictures){.description = d};
    pictures->folders = rt_arena_alloc(arena, d->classes, sizeof *pictures->folders);
    if (pictures->folders == NULL) return RT_ERROR_MEMORY;
    const int digits = snprintf(NULL, 0, "%u", d->classes - 1);
    for (uint32_t k = 0; k < d->classes; k++) {
        const char *name = folder_name(arena, d->class_names[k], k, digits);
        if (name == NULL) return RT_ERROR_MEMORY;
        pictures->folders[k] = rt_path_join(arena, folder, name);
        if (pictures->folders[k] == NULL) return RT_ERROR_MEMORY;
        RT_TRY(rt_directory_create(pictures->folders[k]));
    }
    return RT_OK;
}

/* The first `channels` of all. */
static void take_channels(uint8_t *to, const uint8_t *from, size_t pixels, uint32_t all,
                          uint32_t channels)
{
    for (size_t i = 0; i < pixels; i++) memcpy(to + i * channels, from + i * all, channels);
}

static rt_status write_one(const rt_pictures *pictures, rt_image *image, uint32_t label,
                           uint64_t sample)
{
    rt_arena arena = {0};
    const char *path = rt_arena_printf(&arena, "%s/%06llu.png", pictures->folders[label],
                                       (unsigned long long)sample);
    const rt_status status = path != NULL ? rt_png_write(image, path) : RT_ERROR_MEMORY;
    rt_arena_clear(&arena);
    return status;
}

rt_status rt_pictures_write(const rt_pictures *pictures, const rt_samples *samples,
                            uint64_t first_sample)
{
    const rt_store_description *d = pictures->description;
    const size_t pixels = (size_t)d->height * d->width;
    rt_image image = {.height = d->height, .width = d->width, .channels = d->channels < 3 ? 1 : 3};
    rt_status status = RT_OK;
    RT_TRY(RT_ALLOC(image.pixels, pixels * image.channels));
    for (size_t i = 0; i < samples->count && status == RT_OK; i++) {
        take_channels(image.pixels, samples->images + i * pixels * d->channels, pixels, d->channels,
                      image.channels);
        status = write_one(pictures, &image, (uint32_t)samples->labels[i], first_sample + i);
    }
    rt_image_clear(&image);
    return status;
}
