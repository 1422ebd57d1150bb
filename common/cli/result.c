/* The object of --json. A set key replaces an earlier value of the same name. */
#include "common/cli/command.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static rt_status out_of_memory(void)
{
    return rt_fail(RT_ERROR_MEMORY, "out of memory for the result");
}

rt_status rt_command_result_item(rt_command *command, const char *key, cJSON *item)
{
    if (item == NULL) return out_of_memory();
    if (command->result == NULL) command->result = cJSON_CreateObject();
    if (command->result == NULL) {
        cJSON_Delete(item);
        return out_of_memory();
    }
    cJSON_DeleteItemFromObjectCaseSensitive(command->result, key);
    if (!cJSON_AddItemToObject(command->result, key, item)) {
        cJSON_Delete(item);
        return out_of_memory();
    }
    return RT_OK;
}

static cJSON *make_number(double value)
{
    return isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull();
}

rt_status rt_command_result_number(rt_command *command, const char *key, double value)
{
    return rt_command_result_item(command, key, make_number(value));
}

rt_status rt_command_result_text(rt_command *command, const char *key, const char *text)
{
    return rt_command_result_item(command, key,
                                  text != NULL ? cJSON_CreateString(text) : cJSON_CreateNull());
}

rt_status rt_command_result_bool(rt_command *command, const char *key, bool value)
{
    return rt_command_result_item(command, key, cJSON_CreateBool(value));
}

rt_status rt_command_result_numbers(rt_command *command, const char *key, const double *values,
                                    size_t count)
{
    cJSON *array = cJSON_CreateArray();
    if (array == NULL) return out_of_memory();
    for (size_t i = 0; i < count; i++) {
        cJSON *item = make_number(values[i]);
        if (item == NULL || !cJSON_AddItemToArray(array, item)) {
            cJSON_Delete(item);
            cJSON_Delete(array);
            return out_of_memory();
        }
    }
    return rt_command_result_item(command, key, array);
}

rt_status rt_command_result_print(rt_command *command, rt_buffer *text)
{
    if (command->result == NULL) command->result = cJSON_CreateObject();
    char *printed = command->result != NULL ? cJSON_Print(command->result) : NULL;
    if (printed == NULL) return out_of_memory();
    const rt_status status = rt_buffer_printf(text, "%s\n", printed);
    cJSON_free(printed);
    return status;
}
