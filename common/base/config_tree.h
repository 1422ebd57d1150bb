#ifndef RT_BASE_CONFIG_TREE_H
#define RT_BASE_CONFIG_TREE_H

/**
 * YAML text as a small tree, made under the limits of docs/reliability.md: anyone may hand us a
 * configuration, and libyaml by itself expands aliases and takes seconds for deep nesting.
 *     RT_TRY(rt_config_tree_read(&root, &source, text, size, &arena));
 * What always holds: at most RT_CONFIG_MAX_DEPTH levels and RT_CONFIG_MAX_NODES nodes, no anchors,
 * aliases or tags, one document, every text is UTF-8 without a 0 byte.
 */

#include "common/base/memory.h"

enum {
    RT_CONFIG_MAX_BYTES = 1 << 20,
    RT_CONFIG_MAX_DEPTH = 32,
    RT_CONFIG_MAX_NODES = 10000,
    RT_CONFIG_PLACE_SIZE = 320
};

/** Where text comes from, for messages. */
typedef struct rt_config_source {
    const char *name; ///< "kd.yaml", or "--set batch_size=3"
    bool one_line;    ///< an override or a default: line and column say nothing
} rt_config_source;

typedef enum rt_config_kind {
    RT_CONFIG_SCALAR,
    RT_CONFIG_SEQUENCE,
    RT_CONFIG_MAPPING
} rt_config_kind;

typedef struct rt_config_node {
    rt_config_kind kind;
    const char *text;                    ///< of a scalar; NULL for null (empty, ~, null)
    bool plain;                          ///< a scalar without quotes
    const char *key;                     ///< in a mapping
    size_t line, column;                 ///< of the key in a mapping, else of the value; from 1
    struct rt_config_node *first, *last; ///< children
    struct rt_config_node *next;
} rt_config_node;

/**
 * Reads one YAML document; an empty one gives a null scalar.
 * Errors: RT_ERROR_INPUT with the place of what breaks YAML or a rule above; RT_ERROR_MEMORY.
 * Ownership: the tree lies in `arena`.
 */
RT_CHECKED rt_status rt_config_tree_read(rt_config_node **root, const rt_config_source *source,
                                         const char *text, size_t size, rt_arena *arena);

/** "kd.yaml:3:5", or the name alone where a line says nothing. Returns `place`. */
const char *rt_config_place(char place[RT_CONFIG_PLACE_SIZE], const rt_config_source *source,
                            size_t line, size_t column);

#endif
