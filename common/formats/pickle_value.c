#include "common/formats/pickle.h"

#include <string.h>

const rt_pickle_value *rt_pickle_get(const rt_pickle_value *dict, const char *key)
{
    if (dict == NULL || dict->kind != RT_PICKLE_DICT) return NULL;
    for (uint32_t i = 0; i + 1 < dict->length; i += 2) {
        const rt_pickle_value *found = dict->items[i];
        if (found->kind == RT_PICKLE_TEXT && strcmp(found->text, key) == 0)
            return dict->items[i + 1];
    }
    return NULL;
}

bool rt_pickle_calls(const rt_pickle_value *value, const char *class_name)
{
    return value != NULL && value->kind == RT_PICKLE_CALL &&
           strcmp(value->items[0]->text, class_name) == 0;
}

const char *rt_pickle_kind_name(rt_pickle_kind kind)
{
    static const char *const names[] = {
        [RT_PICKLE_NONE] = "None",         [RT_PICKLE_BOOL] = "a bool",
        [RT_PICKLE_INTEGER] = "a number",  [RT_PICKLE_LONG] = "a long number",
        [RT_PICKLE_FLOAT] = "a number",    [RT_PICKLE_TEXT] = "a text",
        [RT_PICKLE_BYTES] = "bytes",       [RT_PICKLE_TUPLE] = "a tuple",
        [RT_PICKLE_LIST] = "a list",       [RT_PICKLE_DICT] = "a dict",
        [RT_PICKLE_CLASS] = "a class",     [RT_PICKLE_CALL] = "a tensor",
        [RT_PICKLE_OUTSIDE] = "a storage",
    };
    return names[kind];
}
