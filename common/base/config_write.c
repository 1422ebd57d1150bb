#include "common/base/config_value.h"
#include "common/base/escape.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static rt_status write_float(float value, const char *key, rt_buffer *yaml)
{
    if (!isfinite(value))
        return rt_fail(RT_ERROR_INTERNAL, "the key '%s' is not a finite number", key);
    return rt_buffer_printf(yaml, "%.9g", (double)value); /* nine digits give the float back */
}

/* Words that need no quotes. Only a null word would be misread: the row knows the type. */
static bool is_plain(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.-";
    return *text != 0 && strchr(first, *text) != NULL && text[strspn(text, rest)] == 0 &&
           strcasecmp(text, "null") != 0;
}

/* What a double-quoted scalar holds as it is: the rest is not printable to YAML, or a line break
 * (U+0085, U+2028, U+2029), which it would fold. */
static bool is_verbatim(uint32_t c)
{
    if (c < 0x80) return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
    return c >= 0xa0 && c != 0x2028 && c != 0x2029 && c != 0xfeff && c != 0xfffe && c != 0xffff;
}

static rt_status write_text(const char *text, const char *key, rt_buffer *yaml)
{
    if (is_plain(text)) return rt_buffer_printf(yaml, "%s", text);
    const size_t size = strlen(text);
    size_t length;
    RT_TRY(rt_buffer_append(yaml, "\"", 1));
    for (size_t i = 0; i < size; i += length) {
        uint32_t c = 0;
        length = rt_utf8_decode(text + i, size - i, &c);
        if (length == 0)
            return rt_fail(RT_ERROR_INPUT, "the value '%.200s' of '%s' is not UTF-8 text", text,
                           key);
        if (is_verbatim(c))
            RT_TRY(rt_buffer_append(yaml, text + i, length));
        else
            RT_TRY(rt_buffer_printf(yaml, "\\u%04" PRIx32, c)); /* all others are below 0x10000 */
    }
    return rt_buffer_append(yaml, "\"", 1);
}

static rt_status write_list(const void *field, const rt_config_row *row, rt_buffer *yaml)
{
    const rt_config_floats *floats = field;
    const rt_config_strings *strings = field;
    const bool numbers = row->type == RT_FLOAT_LIST;
    const uint32_t count = numbers ? floats->count : strings->count;
    RT_TRY(rt_buffer_append(yaml, "[", 1));
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0) RT_TRY(rt_buffer_append(yaml, ", ", 2));
        if (numbers)
            RT_TRY(write_float(floats->values[i], row->key, yaml));
        else
            RT_TRY(write_text(strings->values[i], row->key, yaml));
    }
    return rt_buffer_append(yaml, "]", 1);
}

rt_status rt_config_value_write(const void *config, const rt_config_row *row, rt_buffer *yaml)
{
    const void *field = (const char *)config + row->offset;
    switch (row->type) {
    case RT_BOOL:
        return rt_buffer_printf(yaml, *(const bool *)field ? "true" : "false");
    case RT_UINT:
        return rt_buffer_printf(yaml, "%" PRIu32, *(const uint32_t *)field);
    case RT_UINT64:
        return rt_buffer_printf(yaml, "%" PRIu64, *(const uint64_t *)field);
    case RT_FLOAT:
        return write_float(*(const float *)field, row->key, yaml);
    case RT_ENUM:
        return write_text(row->choices[*(const int *)field], row->key, yaml);
    case RT_STRING: {
        const char *text = *(const char *const *)field;
        if (text == NULL) return rt_buffer_printf(yaml, "null");
        return write_text(text, row->key, yaml);
    }
    case RT_FLOAT_LIST:
    case RT_STRING_LIST:
        return write_list(field, row, yaml);
    }
    return RT_OK;
}

typedef struct config_writer {
    const void *config;
    const rt_config_schema *schema;
    bool without_no_effect;
    rt_buffer *yaml;
} config_writer;

/* Absent strings are left out, unless a default would then take their place. */
static bool is_written(const config_writer *writer, const rt_config_row *row)
{
    if (writer->without_no_effect && row->no_effect) return false;
    if (row->type != RT_STRING || row->fallback_text != NULL) return true;
    return *(const char *const *)((const char *)writer->config + row->offset) != NULL;
}

static bool is_inside(const rt_config_row *row, const char *section, size_t length)
{
    return strncmp(row->key, section, length) == 0;
}

/* Writes the rows whose key begins with the `length` characters of `section` ("triplet."), each
 * inner section where its first row stands: rows of a section need not be neighbours. */
static rt_status write_section(const config_writer *writer, const char *section, size_t length,
                               int level)
{
    const rt_config_schema *schema = writer->schema;
    for (size_t i = 0; i < schema->count; i++) {
        const rt_config_row *row = &schema->rows[i];
        if (!is_inside(row, section, length) || !is_written(writer, row)) continue;
        const char *name = row->key + length;
        const size_t word = strcspn(name, ".");
        const size_t inner = length + word + 1;
        if (name[word] == '.') {
            bool begun = false;
            for (size_t j = 0; j < i && !begun; j++)
                begun = is_inside(&schema->rows[j], row->key, inner) &&
                        is_written(writer, &schema->rows[j]);
            if (begun) continue;
            RT_TRY(rt_buffer_printf(writer->yaml, "%*s%.*s:\n", 2 * level, "", (int)word, name));
            RT_TRY(write_section(writer, row->key, inner, level + 1));
            continue;
        }
        RT_TRY(rt_buffer_printf(writer->yaml, "%*s%s: ", 2 * level, "", name));
        RT_TRY(rt_config_value_write(writer->config, row, writer->yaml));
        RT_TRY(rt_buffer_append(writer->yaml, "\n", 1));
    }
    return RT_OK;
}

rt_status rt_config_write(const void *config, const rt_config_schema *schema,
                          bool without_no_effect, rt_buffer *yaml)
{
    const config_writer writer = {config, schema, without_no_effect, yaml};
    return write_section(&writer, "", 0, 0);
}
