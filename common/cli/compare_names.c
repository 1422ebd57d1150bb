/* What runs are called in a comparison: short names, and the keys in which they differ. */
#include "common/cli/compare.h"

#include <string.h>

/* Whether two runs that both have the key disagree in it. */
static bool differs(const rt_comparison *c, const char *key)
{
    const char *first = NULL;
    for (size_t i = 0; i < c->run_count; i++) {
        const char *value = rt_compared_value(&c->runs[i], key);
        if (value == NULL) continue;
        if (first == NULL) first = value;
        if (strcmp(first, value) != 0) return true;
    }
    return false;
}

static bool listed(const rt_comparison *c, const char *key)
{
    for (size_t i = 0; i < c->differing_count; i++)
        if (strcmp(c->differing[i], key) == 0) return true;
    return false;
}

static rt_status find_differing(rt_comparison *c)
{
    size_t most = 0;
    for (size_t i = 0; i < c->run_count; i++) most += c->runs[i].key_count;
    c->differing = rt_arena_alloc(c->arena, most, sizeof *c->differing);
    if (c->differing == NULL) return RT_ERROR_MEMORY;
    for (size_t i = 0; i < c->run_count; i++) {
        for (size_t k = 0; k < c->runs[i].key_count; k++) {
            const rt_compared_key *key = &c->runs[i].keys[k];
            if (key->ignored || listed(c, key->key) || !differs(c, key->key)) continue;
            if (c->grouped && strcmp(key->key, "seed") == 0) continue;
            c->differing[c->differing_count++] = key->key;
        }
    }
    return RT_OK;
}

/* The shortest end of a dotted key that no other differing key ends in. */
static const char *shorten(const rt_comparison *c, const char *key)
{
    const char *begin = key + strlen(key);
    while (begin > key) {
        size_t same = 0;
        do begin--;
        while (begin > key && begin[-1] != '.');
        const size_t length = strlen(begin);
        for (size_t i = 0; i < c->differing_count; i++) {
            const char *other = c->differing[i];
            const size_t other_length = strlen(other);
            same += other_length >= length && strcmp(other + other_length - length, begin) == 0 &&
                    (other_length == length || other[other_length - length - 1] == '.');
        }
        if (same == 1) return begin;
    }
    return key;
}

static rt_status describe(const rt_comparison *c, rt_compared_run *run)
{
    run->differs = "";
    for (size_t i = 0; i < c->differing_count; i++) {
        const char *value = rt_compared_shown(run, c->differing[i]);
        if (value == NULL) continue;
        run->differs =
            rt_arena_printf(c->arena, "%s%s%s=%s", run->differs, run->differs[0] != '\0' ? " " : "",
                            shorten(c, c->differing[i]), value);
        if (run->differs == NULL) return RT_ERROR_MEMORY;
    }
    return RT_OK;
}

/* The path without slashes at its end. */
static rt_status trim(rt_comparison *c, rt_compared_run *run)
{
    size_t length = strlen(run->path);
    while (length > 1 && run->path[length - 1] == '/') length--;
    run->name = rt_arena_printf(c->arena, "%.*s", (int)length, run->path);
    return run->name != NULL ? RT_OK : RT_ERROR_MEMORY;
}

/* Bytes that all paths begin with, up to and with a slash. */
static size_t shared_folders(const rt_comparison *c)
{
    const char *first = c->runs[0].name;
    size_t shared = 0;
    for (size_t at = 0; first[at] != '\0'; at++) {
        for (size_t i = 1; i < c->run_count; i++)
            if (c->runs[i].name[at] != first[at]) return shared;
        if (first[at] == '/') shared = at + 1;
    }
    return shared;
}

rt_status rt_compare_name(rt_comparison *c)
{
    for (size_t i = 0; i < c->run_count; i++) RT_TRY(trim(c, &c->runs[i]));
    const size_t shared = shared_folders(c);
    RT_TRY(find_differing(c));
    for (size_t i = 0; i < c->run_count; i++) {
        c->runs[i].name += shared;
        RT_TRY(describe(c, &c->runs[i]));
    }
    return RT_OK;
}
