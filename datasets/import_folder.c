/* A folder of pictures: CLASS/picture, or DOMAIN/CLASS/picture where the data has domains. Names of
 * classes and domains are those of the folders, in the order of strcmp. */
#include "common/base/io.h"
#include "common/formats/image.h"
#include "datasets/import_formats.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct folder_item {
    const char *path;
    int32_t label;
    uint16_t domain;
} folder_item;

typedef struct folder_state {
    folder_item *items;
    size_t capacity;
    rt_image image;
    uint8_t *rgb; ///< a gray picture among coloured ones
} folder_state;

/* Names in a folder: those of sub-folders, or those of pictures. Hidden ones do not count. */
typedef struct name_list {
    const char **names;
    size_t count;
} name_list;

static bool is_picture(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg"};
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending != NULL && i < RT_COUNT(endings); i++)
        if (strcasecmp(ending, endings[i]) == 0) return true;
    return false;
}

static rt_status list_names(rt_arena *arena, const char *folder, bool folders, name_list *list)
{
    char **names;
    size_t count;
    RT_TRY(rt_directory_list(arena, folder, &names, &count));
    list->names = rt_arena_alloc(arena, count, sizeof *list->names);
    if (list->names == NULL) return RT_ERROR_MEMORY;
    list->count = 0;
    for (size_t i = 0; i < count; i++) {
        if (names[i][0] == '.') continue;
        const char *path = rt_path_join(arena, folder, names[i]);
        if (path == NULL) return RT_ERROR_MEMORY;
        if (folders ? rt_directory_exists(path)
                    : is_picture(names[i]) && !rt_directory_exists(path))
            list->names[list->count++] = names[i];
    }
    return RT_OK;
}

static rt_status add_item(rt_import_source *source, const folder_item *item)
{
    folder_state *state = source->state;
    if (source->count == state->capacity) {
        const size_t capacity = state->capacity == 0 ? 1024 : 2 * state->capacity;
        folder_item *items = rt_realloc(state->items, capacity, sizeof *items);
        if (items == NULL) return RT_ERROR_MEMORY;
        state->items = items;
        state->capacity = capacity;
    }
    state->items[source->count++] = *item;
    return RT_OK;
}

static rt_status add_class(rt_import_source *source, const char *folder, int32_t label,
                           uint16_t domain)
{
    name_list pictures;
    RT_TRY(list_names(&source->arena, folder, false, &pictures));
    for (size_t i = 0; i < pictures.count; i++) {
        const folder_item item = {rt_path_join(&source->arena, folder, pictures.names[i]), label,
                                  domain};
        if (item.path == NULL) return RT_ERROR_MEMORY;
        RT_TRY(add_item(source, &item));
    }
    return RT_OK;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Joins the class folders of all domains into one sorted list without doubles. */
static rt_status collect_classes(rt_import_source *source, const char *base,
                                 const name_list *domains)
{
    size_t count = 0;
    const char **all = NULL;
    for (size_t d = 0; d < domains->count; d++) {
        name_list classes;
        const char *folder = rt_path_join(&source->arena, base, domains->names[d]);
        if (folder == NULL) return RT_ERROR_MEMORY;
        RT_TRY(list_names(&source->arena, folder, true, &classes));
        const char **longer = rt_arena_alloc(&source->arena, count + classes.count, sizeof *all);
        if (longer == NULL) return RT_ERROR_MEMORY;
        if (count > 0) memcpy(longer, all, count * sizeof *all);
        if (classes.count > 0) memcpy(longer + count, classes.names, classes.count * sizeof *all);
        all = longer;
        count += classes.count;
    }
    if (count > 0) qsort(all, count, sizeof *all, compare_names);
    uint32_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(all[kept - 1], all[i]) != 0) all[kept++] = all[i];
    source->class_names = all;
    source->classes = kept;
    return RT_OK;
}

static rt_status add_domains(rt_import_source *source, const char *base, const name_list *domains)
{
    RT_TRY(collect_classes(source, base, domains));
    source->domains = (uint32_t)domains->count;
    source->domain_names = domains->names;
    if (domains->count > UINT16_MAX)
        return rt_fail(RT_ERROR_INPUT, "'%s' has too many domains", base);
    for (size_t d = 0; d < domains->count; d++)
        for (uint32_t k = 0; k < source->classes; k++) {
            const char *domain = rt_path_join(&source->arena, base, domains->names[d]);
            const char *folder = domain != NULL
                                     ? rt_path_join(&source->arena, domain, source->class_names[k])
                                     : NULL;
            if (folder == NULL) return RT_ERROR_MEMORY;
            if (rt_directory_exists(folder))
                RT_TRY(add_class(source, folder, (int32_t)k, (uint16_t)d));
        }
    return RT_OK;
}

/* Whether the folders below `base` hold folders (then they are domains). */
static rt_status holds_domains(rt_arena *arena, const char *base, const name_list *folders,
                               bool *domains)
{
    size_t with_folders = 0;
    for (size_t i = 0; i < folders->count; i++) {
        name_list inner;
        const char *path = rt_path_join(arena, base, folders->names[i]);
        if (path == NULL) return RT_ERROR_MEMORY;
        RT_TRY(list_names(arena, path, true, &inner));
        if (inner.count > 0) with_folders++;
    }
    *domains = with_folders > 0;
    if (with_folders > 0 && with_folders < folders->count)
        return rt_fail(RT_ERROR_INPUT,
                       "'%s' mixes CLASS/picture and DOMAIN/CLASS/picture; sort it one way", base);
    return RT_OK;
}

/* The folder of the split. */
static rt_status find_base(rt_arena *arena, const rt_import_options *options, const char **base)
{
    if (!rt_directory_exists(options->source))
        return rt_fail(RT_ERROR_INPUT, "folder '%s' does not exist", options->source);
    const char *train = rt_path_join(arena, options->source, "train");
    const char *test = rt_path_join(arena, options->source, "test");
    if (train == NULL || test == NULL) return RT_ERROR_MEMORY;
    *base = options->source;
    if (options->split == NULL) {
        if (rt_directory_exists(train) && rt_directory_exists(test))
            return rt_fail(RT_ERROR_INPUT,
                           "'%s' has folders 'train' and 'test'; give --split train or test",
                           options->source);
        return RT_OK;
    }
    *base = rt_path_join(arena, options->source, options->split);
    if (*base == NULL) return RT_ERROR_MEMORY;
    if (!rt_directory_exists(*base))
        return rt_fail(RT_ERROR_INPUT, "'%s' has no folder '%s' for --split %s", options->source,
                       options->split, options->split);
    return RT_OK;
}

/* Reads all headers, so that a bad file or size is found before anything is decoded. */
static rt_status survey(rt_import_source *source)
{
    folder_state *state = source->state;
    source->channels = 1;
    for (uint64_t i = 0; i < source->count; i++) {
        rt_image header = {0};
        RT_TRY(rt_image_read_header(&header, state->items[i].path));
        if (header.channels > source->channels) source->channels = header.channels;
        if (i == 0) {
            source->height = header.height;
            source->width = header.width;
        }
        if (header.height != source->height || header.width != source->width)
            source->height = source->width = 0;
    }
    return RT_OK;
}

static rt_status read_sample(rt_import_source *source, uint64_t sample, rt_import_sample *out)
{
    folder_state *state = source->state;
    const folder_item *item = &state->items[sample];
    rt_image *image = &state->image;
    rt_image_clear(image);
    RT_TRY(rt_image_read(image, item->path));
    *out = (rt_import_sample){.pixels = image->pixels,
                              .height = image->height,
                              .width = image->width,
                              .label = item->label,
                              .domain = item->domain};
    if (image->channels > source->channels ||
        (source->height != 0 && (image->height != source->height || image->width != source->width)))
        return rt_fail(RT_ERROR_INPUT, "'%s' was changed while it was imported", item->path);
    if (image->channels == source->channels) return RT_OK;
    const size_t pixels = (size_t)image->height * image->width;
    rt_free(state->rgb);
    RT_TRY(RT_ALLOC(state->rgb, 3 * pixels));
    for (size_t p = 0; p < pixels; p++) memset(state->rgb + 3 * p, image->pixels[p], 3);
    out->pixels = state->rgb;
    return RT_OK;
}

static void close_source(rt_import_source *source)
{
    folder_state *state = source->state;
    rt_image_clear(&state->image);
    rt_free(state->rgb);
    rt_free(state->items);
}

rt_status rt_import_open_folder(rt_import_source *source, const rt_import_options *options)
{
    const char *base = NULL;
    name_list folders;
    bool domains;
    source->state = rt_arena_alloc(&source->arena, 1, sizeof(folder_state));
    if (source->state == NULL) return RT_ERROR_MEMORY;
    source->close = close_source;
    source->read = read_sample;
    source->sorted_by_class = true;
    RT_TRY(find_base(&source->arena, options, &base));
    RT_TRY(list_names(&source->arena, base, true, &folders));
    if (folders.count == 0)
        return rt_fail(RT_ERROR_INPUT, "'%s' has no folders; one a class is needed", base);
    RT_TRY(holds_domains(&source->arena, base, &folders, &domains));
    if (domains) {
        RT_TRY(add_domains(source, base, &folders));
    } else {
        source->classes = (uint32_t)folders.count;
        source->class_names = folders.names;
        for (uint32_t k = 0; k < source->classes; k++) {
            const char *folder = rt_path_join(&source->arena, base, folders.names[k]);
            if (folder == NULL) return RT_ERROR_MEMORY;
            RT_TRY(add_class(source, folder, (int32_t)k, 0));
        }
    }
    return survey(source);
}
