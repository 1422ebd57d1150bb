#ifndef RT_TESTS_CLI_SCHEMAS_H
#define RT_TESTS_CLI_SCHEMAS_H

/** The commands that take a CONFIG, and files written for them. */

#include "common/base/config.h"

#include <stdbool.h>

/** The keys of a command's CONFIG; NULL if there is no such command or it has none. */
const rt_config_schema *rt_test_schema(const char *command);

/** Whether `key` ("triplet.margin") is one of the command's. */
bool rt_test_schema_has(const rt_config_schema *schema, const char *key);

/** Whether any command has this key. */
bool rt_test_is_config_key(const char *key);

/**
 * Reads YAML as the command does, strings stay with the call. Returns NULL if all is well, else the
 * message, which is valid until the next call.
 */
const char *rt_test_parse_config(const rt_config_schema *schema, const char *name, const char *text,
                                 size_t size);

#endif
