#include "tests/cli/schemas.h"

#include "common/base/status.h"
#include "common/cli/commands.h"
#include "generator/commands.h"
#include "student/commands.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const rt_command_description *const commands[] = {&rt_train_command, &rt_generate_command,
                                                         &rt_distill_command, &rt_run_command};

const rt_config_schema *rt_test_schema(const char *command)
{
    for (size_t i = 0; i < RT_COUNT(commands); i++)
        if (strcmp(commands[i]->name, command) == 0) return commands[i]->schema();
    return NULL;
}

bool rt_test_schema_has(const rt_config_schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->rows[i].key, key) == 0) return true;
    return false;
}

bool rt_test_is_config_key(const char *key)
{
    for (size_t i = 0; i < RT_COUNT(commands); i++)
        if (rt_test_schema_has(commands[i]->schema(), key)) return true;
    return false;
}

const char *rt_test_parse_config(const rt_config_schema *schema, const char *name, const char *text,
                                 size_t size)
{
    static char message[1024];
    rt_arena arena = {0};
    void *config = rt_alloc(1, schema->size);
    cr_assert_not_null(config);
    const rt_status status = rt_config_parse(config, schema, name, text, size, NULL, 0, &arena);
    if (status != RT_OK) snprintf(message, sizeof message, "%s", rt_error_message());
    rt_free(config);
    rt_arena_clear(&arena);
    return status == RT_OK ? NULL : message;
}
