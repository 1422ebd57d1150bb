#include "common/base/config_value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits of a plain decimal number: [-+]1.5e-3; not "nan", "inf", "0x10", " 1" as strtod takes. */
static const char *skip_decimal(const char *text, bool sign)
{
    if (sign && (*text == '-' || *text == '+')) text++;
    const size_t whole = strspn(text, "0123456789");
    text += whole;
    size_t fraction = 0;
    if (*text == '.') {
        fraction = strspn(text + 1, "0123456789");
        text += 1 + fraction;
    }
    if (whole + fraction == 0) return NULL;
    if (*text != 'e' && *text != 'E') return text;
    text++;
    if (*text == '-' || *text == '+') text++;
    const size_t exponent = strspn(text, "0123456789");
    return exponent > 0 ? text + exponent : NULL;
}

bool rt_parse_number(const char *text, double *value)
{
    const char *end = skip_decimal(text, true);
    if (end == NULL) return false;
    double number = strtod(text, NULL);
    if (*end == '/') {
        const char *divisor = end + 1;
        end = skip_decimal(divisor, false);
        if (end == NULL) return false;
        number /= strtod(divisor, NULL);
    }
    if (*end != 0 || !isfinite(number)) return false;
    *value = number;
    return true;
}

static bool parse_whole(const char *text, uint64_t *value)
{
    const bool leading_zero = text[0] == '0' && text[1] != 0; /* octal to YAML 1.1: ambiguous */
    if (*text == 0 || leading_zero || text[strspn(text, "0123456789")] != 0) return false;
    errno = 0;
    *value = strtoull(text, NULL, 10);
    return errno == 0;
}

static bool has_range(const rt_config_row *row) { return row->min != 0 || row->max != 0; }

/* In float: 0.1 as the nearest float is above the double 0.1, and must pass a maximum of 0.1. */
static bool set_float(const rt_config_row *row, const rt_config_node *node, float *value)
{
    double number;
    if (node->kind != RT_CONFIG_SCALAR || !node->plain || node->text == NULL) return false;
    if (!rt_parse_number(node->text, &number)) return false;
    const float rounded = (float)number;
    if (!isfinite(rounded)) return false;
    if (has_range(row) && (rounded < (float)row->min || rounded > (float)row->max)) return false;
    *value = rounded;
    return true;
}

static bool set_whole(const rt_config_row *row, const rt_config_node *node, uint64_t limit,
                      uint64_t *value)
{
    if (!node->plain || !parse_whole(node->text, value) || *value > limit) return false;
    return !has_range(row) || ((double)*value >= row->min && (double)*value <= row->max);
}

static bool set_choice(const rt_config_row *row, const char *text, int *value)
{
    for (int i = 0; row->choices[i] != NULL; i++)
        if (strcmp(row->choices[i], text) == 0) {
            *value = i;
            return true;
        }
    return false;
}

static bool set_bool(const rt_config_node *node, bool *value)
{
    *value = strcmp(node->text, "true") == 0;
    return node->plain && (*value || strcmp(node->text, "false") == 0);
}

/* A scalar that is not null into a field that is no list; false if it does not fit. */
static bool set_scalar(void *field, const rt_config_row *row, const rt_config_node *node)
{
    uint64_t whole;
    switch (row->type) {
    case RT_BOOL:
        return set_bool(node, field);
    case RT_UINT:
        if (!set_whole(row, node, UINT32_MAX, &whole)) return false;
        *(uint32_t *)field = (uint32_t)whole;
        return true;
    case RT_UINT64:
        return set_whole(row, node, UINT64_MAX, field);
    case RT_FLOAT:
        return set_float(row, node, field);
    case RT_ENUM:
        return set_choice(row, node->text, field);
    default:
        return false;
    }
}

static rt_status fail_value(const rt_config_row *row, const rt_config_source *source,
                            const rt_config_node *node)
{
    const char *const kinds[] = {
        [RT_CONFIG_SEQUENCE] = "a list", [RT_CONFIG_MAPPING] = "a section"};
    const bool scalar = node->kind == RT_CONFIG_SCALAR;
    const char *shown = !scalar ? kinds[node->kind] : node->text != NULL ? node->text : "null";
    const char *quote = !scalar ? "" : node->plain ? "'" : "\"";
    char place[RT_CONFIG_PLACE_SIZE];
    rt_buffer words = {0};
    rt_status status = rt_config_value_words(row, &words);
    if (status == RT_OK)
        status = rt_fail(RT_ERROR_INPUT, "wrong value %s%.64s%s of '%s' in '%s'; it takes %s",
                         quote, shown, quote, row->key,
                         rt_config_place(place, source, node->line, node->column),
                         (const char *)words.data);
    rt_buffer_clear(&words);
    return status;
}

static rt_status set_list(void *field, const rt_config_row *row, const rt_config_source *source,
                          const rt_config_node *node, rt_arena *arena)
{
    uint32_t count = 0;
    for (const rt_config_node *item = node->first; item != NULL; item = item->next) count++;
    const bool floats = row->type == RT_FLOAT_LIST;
    float *numbers = NULL;
    const char **texts = NULL;
    if (count > 0 && floats) numbers = rt_arena_alloc(arena, count, sizeof *numbers);
    if (count > 0 && !floats) texts = rt_arena_alloc(arena, count, sizeof *texts);
    if (count > 0 && numbers == NULL && texts == NULL) return RT_ERROR_MEMORY;
    uint32_t i = 0;
    for (const rt_config_node *item = node->first; item != NULL; item = item->next, i++) {
        if (floats) {
            if (!set_float(row, item, &numbers[i])) return fail_value(row, source, item);
            continue;
        }
        if (item->kind != RT_CONFIG_SCALAR || item->text == NULL)
            return fail_value(row, source, item);
        texts[i] = rt_arena_strdup(arena, item->text);
        if (texts[i] == NULL) return RT_ERROR_MEMORY;
    }
    if (floats)
        *(rt_config_floats *)field = (rt_config_floats){.values = numbers, .count = count};
    else
        *(rt_config_strings *)field = (rt_config_strings){.values = texts, .count = count};
    return RT_OK;
}

rt_status rt_config_value_set(void *config, const rt_config_row *row,
                              const rt_config_source *source, const rt_config_node *node,
                              rt_arena *arena)
{
    void *field = (char *)config + row->offset;
    const bool list = row->type == RT_FLOAT_LIST || row->type == RT_STRING_LIST;
    if (list && node->kind == RT_CONFIG_SEQUENCE) return set_list(field, row, source, node, arena);
    if (list || node->kind != RT_CONFIG_SCALAR) return fail_value(row, source, node);
    if (row->type != RT_STRING) {
        if (node->text == NULL || !set_scalar(field, row, node))
            return fail_value(row, source, node);
        return RT_OK;
    }
    const char **text = field;
    if (node->text == NULL && row->required) return fail_value(row, source, node);
    *text = node->text != NULL ? rt_arena_strdup(arena, node->text) : NULL;
    return node->text == NULL || *text != NULL ? RT_OK : RT_ERROR_MEMORY;
}

static rt_status set_default_list(void *config, const rt_config_row *row, rt_arena *arena)
{
    if (row->fallback_text == NULL) return RT_OK; /* zeroed: an empty list */
    rt_status status = RT_OK;
    rt_arena scratch = {0};
    rt_config_node *node = NULL;
    const rt_config_source source = {.name = "the default", .one_line = true};
    RT_TRY_DONE(rt_config_tree_read(&node, &source, row->fallback_text, strlen(row->fallback_text),
                                    &scratch));
    RT_TRY_DONE(rt_config_value_set(config, row, &source, node, arena));
done:
    rt_arena_clear(&scratch);
    return status;
}

rt_status rt_config_value_set_default(void *config, const rt_config_row *row, rt_arena *arena)
{
    void *field = (char *)config + row->offset;
    switch (row->type) {
    case RT_BOOL:
        *(bool *)field = row->fallback != 0;
        break;
    case RT_UINT:
        *(uint32_t *)field = (uint32_t)row->fallback;
        break;
    case RT_UINT64:
        *(uint64_t *)field = (uint64_t)row->fallback;
        break;
    case RT_FLOAT:
        *(float *)field = (float)row->fallback;
        break;
    case RT_ENUM:
        *(int *)field = (int)row->fallback;
        break;
    case RT_STRING:
        *(const char **)field = row->fallback_text;
        break;
    case RT_FLOAT_LIST:
    case RT_STRING_LIST:
        return set_default_list(config, row, arena);
    }
    return RT_OK;
}

static rt_status range_words(const rt_config_row *row, const char *what, rt_buffer *words)
{
    RT_TRY(rt_buffer_printf(words, "%s", what));
    if (!has_range(row)) return RT_OK;
    return rt_buffer_printf(words, " from %.15g to %.15g", row->min, row->max);
}

rt_status rt_config_value_words(const rt_config_row *row, rt_buffer *words)
{
    switch (row->type) {
    case RT_BOOL:
        return rt_buffer_printf(words, "true or false");
    case RT_UINT:
    case RT_UINT64:
        return range_words(row, "a whole number", words);
    case RT_FLOAT:
        return range_words(row, "a number", words);
    case RT_FLOAT_LIST:
        return range_words(row, "a list of numbers", words);
    case RT_STRING:
        return rt_buffer_printf(words, "text");
    case RT_STRING_LIST:
        return rt_buffer_printf(words, "a list of texts");
    case RT_ENUM:
        break;
    }
    for (int i = 0; row->choices[i] != NULL; i++)
        RT_TRY(rt_buffer_printf(words, "%s%s", i == 0 ? "one of " : ", ", row->choices[i]));
    return RT_OK;
}
