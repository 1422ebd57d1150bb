#include "common/formats/zip_archive.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

/* Of a model's 65,536 tensors and some more. */
enum { MAXIMUM_ENTRIES = 65600, MAXIMUM_NAME = 1024 };

static rt_status fail_zip(const char *what, zip_error_t *error)
{
    return rt_fail(zip_error_code_zip(error) == ZIP_ER_MEMORY ? RT_ERROR_MEMORY : RT_ERROR_INPUT,
                   "%s: %s; the file is damaged or no zip archive, restore it from a copy", what,
                   zip_error_strerror(error));
}

static int compare_name(const void *left, const void *right)
{
    return strcmp(((const rt_zip_entry *)left)->name, ((const rt_zip_entry *)right)->name);
}

/* No part of a path that is empty (but the last: a folder), "." or "..". */
static bool is_plain_path(const char *name)
{
    const size_t length = strlen(name);
    if (length == 0 || length > MAXIMUM_NAME || strchr(name, '\\') != NULL) return false;
    for (const char *part = name; *part != '\0';) {
        const size_t size = strcspn(part, "/");
        if (size == 0 || (size == 1 && part[0] == '.') ||
            (size == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part += size + (part[size] == '/');
    }
    return true;
}

static rt_status read_entry(rt_zip *zip, uint64_t index, rt_zip_entry *entry)
{
    const uint64_t wanted = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE |
                            ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    zip_stat_t about;
    if (zip_stat_index(zip->archive, index, ZIP_FL_ENC_RAW, &about) != 0)
        return fail_zip("cannot read an entry", zip_get_error(zip->archive));
    if ((about.valid & wanted) != wanted || !is_plain_path(about.name))
        return rt_fail(RT_ERROR_INPUT, "entry '%.200s' of the archive has no plain name",
                       about.valid & ZIP_STAT_NAME ? about.name : "");
    if (about.encryption_method != ZIP_EM_NONE)
        return rt_fail(RT_ERROR_INPUT, "entry '%s' is encrypted; decrypt the archive first",
                       about.name);
    if (about.comp_method != ZIP_CM_STORE || about.comp_size != about.size)
        return rt_fail(RT_ERROR_INPUT,
                       "entry '%s' is compressed, which torch.save does not do; save it anew "
                       "with torch.save",
                       about.name);
    entry->name = rt_arena_strdup(&zip->arena, about.name);
    entry->index = index;
    entry->size = about.size;
    return entry->name != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static rt_status read_entries(rt_zip *zip, uint64_t size)
{
    const zip_int64_t count = zip_get_num_entries(zip->archive, 0);
    if (count < 0 || count > MAXIMUM_ENTRIES)
        return rt_fail(RT_ERROR_INPUT, "the archive has more than %d entries", MAXIMUM_ENTRIES);
    uint64_t left = size;
    RT_TRY(RT_ALLOC(zip->entries, (size_t)count));
    for (; zip->count < (size_t)count; zip->count++) {
        rt_zip_entry *entry = &zip->entries[zip->count];
        RT_TRY(read_entry(zip, zip->count, entry));
        if (entry->size > left)
            return rt_fail(RT_ERROR_INPUT,
                           "entry '%s' and those before it hold more bytes than the archive",
                           entry->name);
        left -= entry->size;
    }
    /* No name stands twice: the consistency check that was asked for has seen to it. */
    if (count > 0) qsort(zip->entries, zip->count, sizeof *zip->entries, compare_name);
    return RT_OK;
}

rt_status rt_zip_open(rt_zip *zip, const void *data, uint64_t size)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(data, size, 0, &error);
    if (source != NULL)
        zip->archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
    if (zip->archive == NULL) {
        const rt_status status = fail_zip("cannot open the archive", &error);
        zip_source_free(source);
        zip_error_fini(&error);
        return status;
    }
    zip_error_fini(&error);
    return read_entries(zip, size);
}

const rt_zip_entry *rt_zip_find(const rt_zip *zip, const char *name)
{
    const rt_zip_entry wanted = {.name = name};
    if (zip->count == 0) return NULL;
    return bsearch(&wanted, zip->entries, zip->count, sizeof *zip->entries, compare_name);
}

rt_status rt_zip_read(rt_zip *zip, const rt_zip_entry *entry, rt_arena *arena,
                      const uint8_t **bytes)
{
    uint8_t *copy = rt_arena_alloc(arena, entry->size + 1, 1);
    if (copy == NULL) return RT_ERROR_MEMORY;
    zip_file_t *file = zip_fopen_index(zip->archive, entry->index, 0);
    if (file == NULL) return fail_zip(entry->name, zip_get_error(zip->archive));
    const zip_int64_t count = zip_fread(file, copy, entry->size);
    /* The end is met only by who reads on; the checksum is compared there. */
    const zip_int64_t more = count < 0 ? count : zip_fread(file, copy + entry->size, 1);
    rt_status status = RT_OK;
    if ((uint64_t)count != entry->size || more != 0)
        status = fail_zip(entry->name, zip_file_get_error(file));
    zip_fclose(file);
    *bytes = copy;
    return status;
}

void rt_zip_close(rt_zip *zip)
{
    if (zip->archive != NULL) zip_discard(zip->archive);
    rt_free(zip->entries);
    rt_arena_clear(&zip->arena);
    *zip = (rt_zip){0};
}
