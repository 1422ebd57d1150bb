#ifndef RT_BASE_CONFIG_VALUE_H
#define RT_BASE_CONFIG_VALUE_H

/**
 * One row's value: from YAML into the struct, and in words for messages and help.
 */

#include "common/base/config.h"
#include "common/base/config_tree.h"

/**
 * Puts a node's value into the row's field of `config`. Strings and lists lie in `arena`.
 * Errors: RT_ERROR_INPUT with place, value and what the key takes.
 */
RT_CHECKED rt_status rt_config_value_set(void *config, const rt_config_row *row,
                                         const rt_config_source *source, const rt_config_node *node,
                                         rt_arena *arena);

/** Puts the row's default there. */
RT_CHECKED rt_status rt_config_value_set_default(void *config, const rt_config_row *row,
                                                 rt_arena *arena);

/** What a key takes: "a whole number from 1 to 65536", "one of stable, compat". */
RT_CHECKED rt_status rt_config_value_words(const rt_config_row *row, rt_buffer *words);

/** The key's value as YAML. Errors: RT_ERROR_INPUT if it is a string that YAML cannot hold. */
RT_CHECKED rt_status rt_config_value_write(const void *config, const rt_config_row *row,
                                           rt_buffer *yaml);

#endif
