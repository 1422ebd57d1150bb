#include "common/base/config_value.h"
#include "common/base/io.h"

#include <string.h>

/* What the walk over a tree needs. */
typedef struct config_walk {
    void *config;
    const rt_config_schema *schema;
    const rt_config_source *source;
    rt_arena *arena;   /* the caller's: values */
    rt_arena *scratch; /* paths, candidates */
    bool *given;       /* of each row: it came from the file or an override */
} config_walk;

static const char *last_word(const char *key)
{
    const char *dot = strrchr(key, '.');
    return dot != NULL ? dot + 1 : key;
}

/* The whole key nearest to `path`; else the one whose last word is near: a right key in a wrong
 * section. */
static rt_status nearest_key(const config_walk *walk, const char *path, const char **nearest)
{
    const rt_config_schema *schema = walk->schema;
    const char **names = rt_arena_alloc(walk->scratch, schema->count, sizeof *names);
    if (names == NULL) return RT_ERROR_MEMORY;
    for (size_t i = 0; i < schema->count; i++) names[i] = schema->rows[i].key;
    *nearest = rt_nearest_name(path, names, schema->count);
    if (*nearest != NULL) return RT_OK;
    for (size_t i = 0; i < schema->count; i++) names[i] = last_word(schema->rows[i].key);
    const char *word = rt_nearest_name(last_word(path), names, schema->count);
    for (size_t i = 0; i < schema->count && *nearest == NULL; i++)
        if (names[i] == word) *nearest = schema->rows[i].key;
    return RT_OK;
}

static rt_status fail_unknown(const config_walk *walk, const char *path, const rt_config_node *node)
{
    char place[RT_CONFIG_PLACE_SIZE];
    rt_config_place(place, walk->source, node->line, node->column);
    const char *nearest;
    RT_TRY(nearest_key(walk, path, &nearest));
    if (nearest != NULL)
        return rt_fail(RT_ERROR_INPUT, "unknown key '%.64s' in '%s'; did you mean '%s'?", path,
                       place, nearest);
    return rt_fail(RT_ERROR_INPUT, "unknown key '%.64s' in '%s'; 'retort %s --help' lists all",
                   path, place, walk->schema->command);
}

/* A key that begins a longer one: rows "triplet.direction" make "triplet" a section. */
static const rt_config_row *find_section(const rt_config_schema *schema, const char *path)
{
    const size_t length = strlen(path);
    for (size_t i = 0; i < schema->count; i++)
        if (strncmp(schema->rows[i].key, path, length) == 0 && schema->rows[i].key[length] == '.')
            return &schema->rows[i];
    return NULL;
}

static const rt_config_row *find_row(const rt_config_schema *schema, const char *path)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->rows[i].key, path) == 0) return &schema->rows[i];
    return NULL;
}

/* Unknown keys end the walk, so there are never many keys before `node`. */
static rt_status check_duplicate(const config_walk *walk, const rt_config_node *parent,
                                 const rt_config_node *node)
{
    char place[RT_CONFIG_PLACE_SIZE];
    for (const rt_config_node *other = parent->first; other != node; other = other->next)
        if (strcmp(other->key, node->key) == 0)
            return rt_fail(RT_ERROR_INPUT, "duplicate key '%.64s' in '%s'; keep one of them",
                           node->key,
                           rt_config_place(place, walk->source, node->line, node->column));
    return RT_OK;
}

/* Recursion is bounded: by the tree's 32 levels and by the sections that the rows have. */
static rt_status walk_mapping(config_walk *walk, const rt_config_node *parent, const char *section);

static rt_status walk_key(config_walk *walk, const rt_config_node *node, const char *path)
{
    const rt_config_row *row = find_row(walk->schema, path);
    char place[RT_CONFIG_PLACE_SIZE];
    if (row != NULL) {
        const size_t position = (size_t)(row - walk->schema->rows);
        if (walk->given[position]) /* once as "a: {b: 1}" and once as "a.b: 1" */
            return rt_fail(RT_ERROR_INPUT, "duplicate key '%s' in '%s'; keep one of them", path,
                           rt_config_place(place, walk->source, node->line, node->column));
        walk->given[position] = true;
        return rt_config_value_set(walk->config, row, walk->source, node, walk->arena);
    }
    const rt_config_row *inner = find_section(walk->schema, path);
    if (inner == NULL) return fail_unknown(walk, path, node);
    if (node->kind == RT_CONFIG_MAPPING) return walk_mapping(walk, node, path);
    if (node->kind == RT_CONFIG_SCALAR && node->text == NULL) return RT_OK; /* an empty section */
    return rt_fail(RT_ERROR_INPUT,
                   "a value for the section '%s' in '%s'; it has keys of its own, such as '%s'",
                   path, rt_config_place(place, walk->source, node->line, node->column),
                   inner->key);
}

static rt_status walk_mapping(config_walk *walk, const rt_config_node *parent, const char *section)
{
    for (const rt_config_node *node = parent->first; node != NULL; node = node->next) {
        RT_TRY(check_duplicate(walk, parent, node));
        const char *path = node->key;
        if (section != NULL) path = rt_arena_printf(walk->scratch, "%s.%s", section, node->key);
        if (path == NULL) return RT_ERROR_MEMORY;
        RT_TRY(walk_key(walk, node, path));
    }
    return RT_OK;
}

static rt_status apply_text(config_walk *walk, const char *text, size_t size)
{
    rt_config_node *root = NULL;
    RT_TRY(rt_config_tree_read(&root, walk->source, text, size, walk->scratch));
    if (root->kind == RT_CONFIG_MAPPING) return walk_mapping(walk, root, NULL);
    if (root->kind == RT_CONFIG_SCALAR && root->text == NULL) return RT_OK; /* only comments */
    return rt_fail(RT_ERROR_INPUT, "no keys in '%.250s'; it must hold lines such as '%s: value'",
                   walk->source->name, walk->schema->rows[0].key);
}

/* "key.path=value": a mapping of that one key. Later ones win over earlier ones. */
static rt_status apply_override(config_walk *walk, const char *override)
{
    const char *equals = strchr(override, '=');
    if (equals == NULL || equals == override)
        return rt_fail(RT_ERROR_INPUT, "no key and value in '--set %.200s'; write --set key=value",
                       override);
    const char *name = rt_arena_printf(walk->scratch, "--set %.200s", override);
    const char *key = rt_arena_printf(walk->scratch, "%.*s", (int)(equals - override), override);
    if (name == NULL || key == NULL) return RT_ERROR_MEMORY;
    const rt_config_source source = {.name = name, .one_line = true};
    rt_config_node *value = NULL;
    RT_TRY(rt_config_tree_read(&value, &source, equals + 1, strlen(equals + 1), walk->scratch));
    value->key = key;
    const rt_config_node parent = {.kind = RT_CONFIG_MAPPING, .first = value, .last = value};
    bool *given = rt_arena_alloc(walk->scratch, walk->schema->count, sizeof *given);
    if (given == NULL) return RT_ERROR_MEMORY;
    config_walk inner = *walk;
    inner.source = &source;
    inner.given = given;
    RT_TRY(walk_mapping(&inner, &parent, NULL));
    for (size_t i = 0; i < walk->schema->count; i++) walk->given[i] |= given[i];
    return RT_OK;
}

static rt_status check_required(const config_walk *walk)
{
    for (size_t i = 0; i < walk->schema->count; i++) {
        const rt_config_row *row = &walk->schema->rows[i];
        if (!row->required || walk->given[i]) continue;
        if (walk->source->name == NULL)
            return rt_fail(RT_ERROR_INPUT, "missing key '%s' (%s); give --set %s=value", row->key,
                           row->help, row->key);
        return rt_fail(RT_ERROR_INPUT,
                       "missing key '%s' (%s) in '%.250s'; add it, or give --set %s=value",
                       row->key, row->help, walk->source->name, row->key);
    }
    return RT_OK;
}

rt_status rt_config_parse(void *config, const rt_config_schema *schema, const char *name,
                          const char *text, size_t size, const char *const *overrides,
                          size_t override_count, rt_arena *arena)
{
    rt_status status = RT_OK;
    rt_arena scratch = {0};
    const rt_config_source source = {.name = name};
    config_walk walk = {
        .config = config, .schema = schema, .source = &source, .arena = arena, .scratch = &scratch};
    memset(config, 0, schema->size);
    walk.given = rt_arena_alloc(&scratch, schema->count, sizeof *walk.given);
    if (walk.given == NULL) RT_TRY_DONE(RT_ERROR_MEMORY);
    for (size_t i = 0; i < schema->count; i++)
        RT_TRY_DONE(rt_config_value_set_default(config, &schema->rows[i], arena));
    if (text != NULL) RT_TRY_DONE(apply_text(&walk, text, size));
    for (size_t i = 0; i < override_count; i++) RT_TRY_DONE(apply_override(&walk, overrides[i]));
    RT_TRY_DONE(check_required(&walk));
done:
    rt_arena_clear(&scratch);
    return status;
}

rt_status rt_config_load(void *config, const rt_config_schema *schema, const char *path,
                         const char *const *overrides, size_t override_count, rt_arena *arena)
{
    rt_status status = RT_OK;
    rt_buffer bytes = {0};
    if (path != NULL) RT_TRY_DONE(rt_file_read(&bytes, path, RT_CONFIG_MAX_BYTES));
    RT_TRY_DONE(rt_config_parse(config, schema, path, (const char *)bytes.data, bytes.size,
                                overrides, override_count, arena));
done:
    rt_buffer_clear(&bytes);
    return status;
}
