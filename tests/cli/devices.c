#include "tests/child.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(cli_devices, lists_at_least_one)
{
    const rt_child *child = rt_test_retort_ends(0, "devices", "--json");
    cJSON *object = cJSON_Parse(child->output);
    const cJSON *devices = cJSON_GetObjectItemCaseSensitive(object, "devices");
    cr_assert_geq(cJSON_GetArraySize(devices), 1);
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(devices, 0), "name");
    cr_assert(cJSON_IsString(name));
    cr_assert_not_null(strstr(rt_test_retort_ends(0, "devices")->output, name->valuestring));
    cJSON_Delete(object);
}

Test(cli_devices, no_driver_is_an_error_of_resources)
{
    setenv("VK_ICD_FILENAMES", "/nonexistent.json", 1);
    setenv("VK_DRIVER_FILES", "/nonexistent.json", 1);
    const rt_child *child = rt_test_retort_ends(3, "devices");
    cr_assert_not_null(strstr(child->errors, "retort devices: error: "));
}
