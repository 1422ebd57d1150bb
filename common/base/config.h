#ifndef RT_BASE_CONFIG_H
#define RT_BASE_CONFIG_H

/**
 * Configuration: YAML text walked against a table of rows. A row is the whole truth of a key: its
 * type, default, range and help; `--help`, `--set` and docs/configuration.md are made from it.
 *     rt_distill_config config;
 *     RT_TRY(rt_config_load(&config, &rt_distill_schema, path, overrides, override_count, &arena));
 * Errors name file, line, column and key; an unknown key gets the nearest valid one.
 * Limits (docs/reliability.md): 1 MiB, depth 32, 10,000 nodes, no aliases, no duplicate keys.
 */

#include "common/base/memory.h"

typedef enum rt_config_type {
    RT_BOOL,       ///< bool: true or false
    RT_UINT,       ///< uint32_t
    RT_UINT64,     ///< uint64_t
    RT_FLOAT,      ///< float: a finite number or a fraction such as 8/255
    RT_STRING,     ///< const char *: NULL when absent and without default
    RT_ENUM,       ///< int: one of `choices`, its position
    RT_FLOAT_LIST, ///< rt_config_floats
    RT_STRING_LIST ///< rt_config_strings
} rt_config_type;

typedef struct rt_config_floats {
    float *values;
    uint32_t count;
} rt_config_floats;
typedef struct rt_config_strings {
    const char **values;
    uint32_t count;
} rt_config_strings;

/** One key. `key` is the full dotted path ("triplet.direction"): sections come from the dots. */
typedef struct rt_config_row {
    const char *key;
    rt_config_type type;
    size_t offset;              ///< of the field in the config struct
    double fallback;            ///< default of numbers, bools (0, 1) and enums (position)
    const char *fallback_text;  ///< default of strings and lists ("[0.5, 0.5]"); NULL: absent
    double min, max;            ///< range of numbers (of each item of a list); both 0: any
    const char *const *choices; ///< RT_ENUM: names, ended by NULL
    bool required;              ///< must be in the file or in an override
    bool no_effect;             ///< cannot change a result: a resumed run may override it, and a
                                ///< store's `config` attribute leaves it out (paths, device, log)
    const char *help;
} rt_config_row;

/** The keys of one command. Rows may be gathered from several tables (networks, losses, ...). */
typedef struct rt_config_schema {
    const char *command; ///< "distill"
    const rt_config_row *rows;
    size_t count;
    size_t size; ///< bytes of the config struct
} rt_config_schema;

/**
 * Fills `config` (schema->size bytes) with defaults, then the file's values (`path` may be NULL:
 * none), then the overrides ("key.path=value", each value read as YAML). Checks types, ranges and
 * required keys. Strings and lists lie in `arena`.
 * Errors: RT_ERROR_INPUT, naming file:line:column and key, or the override.
 */
RT_CHECKED rt_status rt_config_load(void *config, const rt_config_schema *schema, const char *path,
                                    const char *const *overrides, size_t override_count,
                                    rt_arena *arena);

/** The same from text in memory; `name` stands in messages. */
RT_CHECKED rt_status rt_config_parse(void *config, const rt_config_schema *schema, const char *name,
                                     const char *text, size_t size, const char *const *overrides,
                                     size_t override_count, rt_arena *arena);

/** Writes all keys as YAML that rt_config_parse reads back to the same values (floats with %.9g).
 *  `without_no_effect` leaves out the keys marked no_effect. Absent strings are left out. */
RT_CHECKED rt_status rt_config_write(const void *config, const rt_config_schema *schema,
                                     bool without_no_effect, rt_buffer *yaml);

/** The key nearest to `key` by edit distance among `count` candidates, or NULL if none is near. */
const char *rt_nearest_name(const char *key, const char *const *candidates, size_t count);

/** A table of the keys for --help: name, type and range, default, help. */
RT_CHECKED rt_status rt_config_describe(const rt_config_schema *schema, bool markdown,
                                        rt_buffer *text);

/** A number or a fraction ("8/255"); false if `text` is anything else or not finite. */
bool rt_parse_number(const char *text, double *value);

#endif
