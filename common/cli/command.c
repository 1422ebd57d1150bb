#include "common/cli/command.h"

#include "common/base/io.h"
#include "common/ops/conv2d_choice.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const rt_config_row *find_row(const rt_config_schema *schema, const char *key, size_t length)
{
    for (size_t i = 0; i < schema->count; i++) {
        const char *name = schema->rows[i].key;
        if (strlen(name) == length && memcmp(name, key, length) == 0) return &schema->rows[i];
    }
    return NULL;
}

const char *rt_command_option(const rt_command *command, const char *name)
{
    const rt_command_description *description = command->description;
    for (size_t i = 0; i < description->option_count; i++) {
        if (strcmp(description->options[i].name, name) == 0) return command->option_values[i];
    }
    return NULL;
}

/* A whole number without sign, spaces or leading "0x"; false if it is anything else or too large.
 */
static bool read_uint(const char *text, size_t length, uint64_t maximum, uint64_t *value)
{
    if (length == 0 || length > 20) return false;
    *value = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        if (__builtin_mul_overflow(*value, 10u, value)) return false;
        if (__builtin_add_overflow(*value, (uint64_t)(text[i] - '0'), value)) return false;
    }
    return *value <= maximum;
}

rt_status rt_command_option_uint(const rt_command *command, const char *name, uint32_t minimum,
                                 uint32_t maximum, uint32_t *value)
{
    const char *text = rt_command_option(command, name);
    if (text == NULL) return RT_OK;
    uint64_t number;
    if (!read_uint(text, strlen(text), maximum, &number) || number < minimum) {
        return rt_fail(RT_ERROR_INPUT,
                       "bad value '%s' of '--%s'; give a whole number from %u to %u", text, name,
                       minimum, maximum);
    }
    *value = (uint32_t)number;
    return RT_OK;
}

rt_status rt_command_option_floats(const rt_command *command, const char *name, uint32_t minimum,
                                   uint32_t maximum, float *values, uint32_t *count)
{
    const char *text = rt_command_option(command, name);
    bool good = true;
    *count = 0;
    if (text == NULL) return RT_OK;
    for (const char *rest = text; good; rest++) {
        char *end;
        good = *count < maximum;
        if (!good) break;
        values[*count] = strtof(rest, &end);
        good = end != rest && (*end == ',' || *end == '\0') && isfinite(values[*count]);
        (*count)++;
        rest = end;
        if (*end == '\0') break;
    }
    if (good && *count >= minimum) return RT_OK;
    return rt_fail(RT_ERROR_INPUT,
                   "bad value '%s' of '--%s'; give a number a channel (%u%s) with commas between",
                   text, name, minimum, minimum < maximum ? " or more" : "");
}

rt_status rt_command_option_pair(const rt_command *command, const char *name, uint32_t maximum,
                                 uint32_t *first, uint32_t *second)
{
    const char *text = rt_command_option(command, name);
    if (text == NULL) return RT_OK;
    const size_t split = strcspn(text, "xX");
    uint64_t a = 0, b = 0;
    if (text[split] == '\0' || !read_uint(text, split, maximum, &a) ||
        !read_uint(text + split + 1, strlen(text + split + 1), maximum, &b) || a == 0 || b == 0) {
        return rt_fail(RT_ERROR_INPUT,
                       "bad value '%s' of '--%s'; give two numbers from 1 to %u such as 10x10",
                       text, name, maximum);
    }
    *first = (uint32_t)a;
    *second = (uint32_t)b;
    return RT_OK;
}

uint64_t rt_command_seed(const rt_command *command, uint64_t fallback)
{
    return command->seed != NULL ? strtoull(command->seed, NULL, 10) : fallback;
}

/* --seed and --device are short forms of two keys that most schemas have. */
static rt_status gather_overrides(rt_command *command, const rt_config_schema *schema,
                                  const char ***overrides, size_t *count)
{
    *overrides = rt_arena_alloc(&command->arena, command->override_count + 2, sizeof **overrides);
    if (*overrides == NULL) return RT_ERROR_MEMORY;
    *count = command->override_count;
    for (size_t i = 0; i < *count; i++) (*overrides)[i] = command->overrides[i];
    if (command->seed != NULL && find_row(schema, "seed", 4) != NULL) {
        char *text = rt_arena_printf(&command->arena, "seed=%s", command->seed);
        if (text == NULL) return RT_ERROR_MEMORY;
        (*overrides)[(*count)++] = text;
    }
    if (command->device != NULL && find_row(schema, "device", 6) != NULL) {
        char *text = rt_arena_printf(&command->arena, "device=\"%s\"", command->device);
        if (text == NULL) return RT_ERROR_MEMORY;
        (*overrides)[(*count)++] = text;
    }
    return RT_OK;
}

/* Asks the config itself whether an override changes anything that matters, so that the same
 * command line with --resume behind it is fine. */
static rt_status check_resumed_override(rt_command *command, const rt_config_schema *schema,
                                        const char *path, const char *override)
{
    rt_status status = RT_OK;
    rt_buffer before = {0}, after = {0};
    void *config = rt_arena_alloc(&command->arena, 1, schema->size);
    if (config == NULL) return RT_ERROR_MEMORY;
    RT_TRY_DONE(rt_config_load(config, schema, path, NULL, 0, &command->arena));
    RT_TRY_DONE(rt_config_write(config, schema, true, &before));
    RT_TRY_DONE(rt_config_load(config, schema, path, &override, 1, &command->arena));
    RT_TRY_DONE(rt_config_write(config, schema, true, &after));
    if (before.size != after.size || memcmp(before.data, after.data, before.size) != 0) {
        status = rt_fail(RT_ERROR_INPUT,
                         "'%s' would change the result of the run in '%s'; leave it out, or start "
                         "another run without --resume",
                         override, command->out);
    }
done:
    rt_buffer_clear(&before);
    rt_buffer_clear(&after);
    return status;
}

rt_status rt_command_load_config(rt_command *command, void *config)
{
    const rt_config_schema *schema = command->description->schema();
    const char *path = command->argument_count > 0 ? command->arguments[0] : NULL;
    const char *own = NULL;
    const char **overrides;
    size_t count;
    RT_TRY(gather_overrides(command, schema, &overrides, &count));
    if (command->resume) {
        if (command->out == NULL) {
            return rt_fail(RT_ERROR_INPUT,
                           "'--resume' needs '--out' with the directory of the run");
        }
        own = rt_path_join(&command->arena, command->out, "config.yaml");
        if (own == NULL) return RT_ERROR_MEMORY;
        if (rt_file_exists(own)) {
            for (size_t i = 0; i < count; i++) {
                RT_TRY(check_resumed_override(command, schema, own, overrides[i]));
            }
            path = own;
        } else if (path == NULL) {
            return rt_fail(RT_ERROR_INPUT,
                           "nothing to resume in '%s': it has no 'config.yaml'; give a CONFIG",
                           command->out);
        }
    }
    const rt_status status =
        rt_config_load(config, schema, path, overrides, count, &command->arena);
    if (status == RT_ERROR_INPUT && own != NULL &&
        path == own) /* most likely a run of another command */
        rt_error_prefix("'retort %s' cannot go on with the run in '%s': ", schema->command,
                        command->out);
    return status;
}

rt_status rt_command_open_device(rt_command *command, const char *selector, rt_device **device)
{
    const rt_device_options options = {
        .selector = command->device != NULL ? command->device : selector,
        .validate = command->validate,
    };
    if (command->opened == NULL) RT_TRY(rt_device_open(&command->opened, &options));
    *device = command->opened;
    return RT_OK;
}

rt_status rt_command_open_run_device(rt_command *command, const char *selector,
                                     rt_run_directory *run, rt_device **device)
{
    const char *path = rt_run_path(run, "tuning.yaml");
    if (path == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_command_open_device(command, selector, device));
    return rt_conv2d_keep(*device, path);
}

void rt_command_clear(rt_command *command)
{
    rt_device_close(command->opened);
    cJSON_Delete(command->result);
    rt_arena_clear(&command->arena);
    *command = (rt_command){0};
}
