#include "datasets/samples.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* A shard is read as a whole, so text in it stays far below the images. */
enum { MAX_TEXT = 1 << 20, ALL_COLUMNS = 7 };

size_t rt_sample_size(const rt_store_description *description)
{
    const rt_store_description *d = description;
    return (size_t)d->height * d->width * d->channels + sizeof(int32_t) +
           (d->columns & RT_COLUMN_TEACHER_LOGITS ? d->classes * sizeof(float) : 0) +
           (d->columns & RT_COLUMN_ROUND ? sizeof(uint32_t) : 0) +
           (d->columns & RT_COLUMN_DOMAIN ? sizeof(uint16_t) : 0);
}

static rt_status check_text(const char *what, const char *text)
{
    if (text != NULL && strlen(text) > MAX_TEXT)
        return rt_fail(RT_ERROR_INPUT, "'%s' of a store has %zu bytes, at most %d are allowed",
                       what, strlen(text), MAX_TEXT);
    return RT_OK;
}

/* Names are kept in a table as wide as the longest. */
static rt_status check_names(const char *what, const char *const *names, uint32_t count)
{
    uint64_t longest = 0;
    for (uint32_t i = 0; names != NULL && i < count; i++) {
        if (names[i] == NULL || names[i][0] == 0)
            return rt_fail(RT_ERROR_INPUT, "%s %u of a store has no name", what, i);
        if (strlen(names[i]) > longest) longest = strlen(names[i]);
    }
    if (longest * count > MAX_TEXT)
        return rt_fail(RT_ERROR_INPUT, "the %s names of a store are too long", what);
    return RT_OK;
}

static bool is_sha256(const char *text)
{
    size_t digits = 0;
    for (; isxdigit((unsigned char)text[digits]) && !isupper((unsigned char)text[digits]); digits++)
        ;
    return digits == RT_SHA256_TEXT - 1 && text[digits] == 0;
}

rt_status rt_store_description_check(const rt_store_description *description)
{
    const rt_store_description *d = description;
    if (d->height < 1 || d->height > RT_STORE_MAX_SIDE || d->width < 1 ||
        d->width > RT_STORE_MAX_SIDE || (d->channels != 1 && d->channels != 3 && d->channels != 4))
        return rt_fail(RT_ERROR_INPUT,
                       "images of %ux%ux%u cannot be stored: sides are 1 to %d, channels 1, 3 or 4",
                       d->height, d->width, d->channels, RT_STORE_MAX_SIDE);
    if (d->classes < 1 || d->classes > RT_STORE_MAX_CLASSES)
        return rt_fail(RT_ERROR_INPUT, "a store cannot have %u classes: allowed are 1 to %d",
                       d->classes, RT_STORE_MAX_CLASSES);
    if (d->columns & ~(uint32_t)ALL_COLUMNS)
        return rt_fail(RT_ERROR_INTERNAL, "unknown columns %#x of a store", d->columns);
    const bool has_domains = d->columns & RT_COLUMN_DOMAIN;
    if (has_domains != (d->domains > 0) || d->domains > UINT16_MAX ||
        has_domains != (d->domain_names != NULL))
        return rt_fail(RT_ERROR_INPUT, "a store with domains needs 1 to 65535 names of them");
    for (uint32_t c = 0; c < d->channels; c++)
        if (!isfinite(d->mean[c]) || !isfinite(d->std[c]) || !(d->std[c] > 0))
            return rt_fail(RT_ERROR_INPUT,
                           "mean %g and std %g of channel %u are not usable: std "
                           "must be above 0",
                           (double)d->mean[c], (double)d->std[c], c);
    if (d->teacher_sha256 != NULL && d->teacher_sha256[0] != 0 && !is_sha256(d->teacher_sha256))
        return rt_fail(RT_ERROR_INPUT, "teacher_sha256 '%.80s' is not 64 hex digits",
                       d->teacher_sha256);
    RT_TRY(check_names("class", d->class_names, d->classes));
    RT_TRY(check_names("domain", d->domain_names, d->domains));
    RT_TRY(check_text("teacher_arch", d->teacher_arch));
    RT_TRY(check_text("method", d->method));
    RT_TRY(check_text("config", d->config));
    return check_text("program_version", d->program_version);
}

static rt_status copy_text(const char **copy, const char *text, const char *fallback,
                           rt_arena *arena)
{
    *copy = rt_arena_strdup(arena, text != NULL ? text : fallback);
    return *copy != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static rt_status copy_names(const char *const **copy, const char *const *names, uint32_t count,
                            rt_arena *arena)
{
    const char **list = rt_arena_alloc(arena, count, sizeof *list);
    if (list == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        list[i] =
            names != NULL ? rt_arena_strdup(arena, names[i]) : rt_arena_printf(arena, "%u", i);
        if (list[i] == NULL) return RT_ERROR_MEMORY;
    }
    *copy = list;
    return RT_OK;
}

rt_status rt_store_description_copy(rt_store_description *copy,
                                    const rt_store_description *description, rt_arena *arena)
{
    const rt_store_description *from = description;
    *copy = *from;
    RT_TRY(copy_names(&copy->class_names, from->class_names, from->classes, arena));
    if (from->domains > 0)
        RT_TRY(copy_names(&copy->domain_names, from->domain_names, from->domains, arena));
    RT_TRY(copy_text(&copy->teacher_sha256, from->teacher_sha256, "", arena));
    RT_TRY(copy_text(&copy->teacher_arch, from->teacher_arch, "", arena));
    RT_TRY(copy_text(&copy->method, from->method, "", arena));
    RT_TRY(copy_text(&copy->config, from->config, "", arena));
    return copy_text(&copy->program_version, from->program_version, RT_VERSION, arena);
}

/* "key length:text": the length keeps two texts from reading as one. */
static rt_status put_text(rt_buffer *text, const char *key, const char *value)
{
    return rt_buffer_printf(text, "%s %zu:%s\n", key, strlen(value), value);
}

/* Floats by their bits: no two spellings of a number. */
static rt_status put_floats(rt_buffer *text, const char *key, const float *values, uint32_t count)
{
    RT_TRY(rt_buffer_printf(text, "%s", key));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        RT_TRY(rt_buffer_printf(text, " %08x", bits));
    }
    return rt_buffer_append(text, "\n", 1);
}

static rt_status put_description(rt_buffer *text, const rt_store_description *d)
{
    RT_TRY(rt_buffer_printf(text, "format_version %d\nimages %u %u %u\nclasses %u\n",
                            RT_STORE_FORMAT_VERSION, d->height, d->width, d->channels, d->classes));
    for (uint32_t i = 0; i < d->classes; i++) RT_TRY(put_text(text, "class", d->class_names[i]));
    RT_TRY(rt_buffer_printf(text, "domains %u\n", d->domains));
    for (uint32_t i = 0; i < d->domains; i++) RT_TRY(put_text(text, "domain", d->domain_names[i]));
    RT_TRY(put_floats(text, "mean", d->mean, d->channels));
    RT_TRY(put_floats(text, "std", d->std, d->channels));
    RT_TRY(put_text(text, "teacher_sha256", d->teacher_sha256));
    RT_TRY(put_text(text, "teacher_arch", d->teacher_arch));
    RT_TRY(put_text(text, "method", d->method));
    RT_TRY(put_text(text, "config", d->config));
    RT_TRY(rt_buffer_printf(text, "seed %llu\n", (unsigned long long)d->seed));
    RT_TRY(put_text(text, "program_version", d->program_version));
    return rt_buffer_printf(text, "columns %u\n", d->columns);
}

rt_status rt_store_description_hash(const rt_store_description *description,
                                    char sha256[RT_SHA256_TEXT])
{
    rt_status status = RT_OK;
    rt_arena arena = {0};
    rt_buffer text = {0};
    rt_store_description full;
    RT_TRY_DONE(rt_store_description_copy(&full, description, &arena));
    RT_TRY_DONE(put_description(&text, &full));
    rt_sha256(text.data, text.size, sha256);
done:
    rt_buffer_clear(&text);
    rt_arena_clear(&arena);
    return status;
}
