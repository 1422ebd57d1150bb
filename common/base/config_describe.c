#include "common/base/config_value.h"

#include <inttypes.h>

/* The default in words: "required", "none", or as it would stand in a file (rounded for reading).
 */
static rt_status default_words(const rt_config_row *row, rt_buffer *words)
{
    if (row->required) return rt_buffer_printf(words, "required");
    switch (row->type) {
    case RT_BOOL:
        return rt_buffer_printf(words, row->fallback != 0 ? "true" : "false");
    case RT_UINT:
    case RT_UINT64:
        return rt_buffer_printf(words, "%" PRIu64, (uint64_t)row->fallback);
    case RT_FLOAT:
        return rt_buffer_printf(words, "%.6g", row->fallback);
    case RT_ENUM:
        return rt_buffer_printf(words, "%s", row->choices[(int)row->fallback]);
    case RT_STRING:
    case RT_FLOAT_LIST:
    case RT_STRING_LIST:
        break;
    }
    return rt_buffer_printf(words, "%s", row->fallback_text != NULL ? row->fallback_text : "none");
}

static rt_status describe_row(const rt_config_row *row, bool markdown, rt_buffer *text)
{
    RT_TRY(rt_buffer_printf(text, markdown ? "| `%s` | " : "  %s: ", row->key));
    RT_TRY(rt_config_value_words(row, text));
    RT_TRY(rt_buffer_printf(text, markdown ? " | " : row->required ? "; " : "; default "));
    RT_TRY(default_words(row, text));
    return rt_buffer_printf(text, markdown ? " | %s |\n" : "\n      %s\n", row->help);
}

rt_status rt_config_describe(const rt_config_schema *schema, bool markdown, rt_buffer *text)
{
    if (markdown)
        RT_TRY(rt_buffer_printf(text, "| key | takes | default | meaning |\n|---|---|---|---|\n"));
    for (size_t i = 0; i < schema->count; i++)
        RT_TRY(describe_row(&schema->rows[i], markdown, text));
    return RT_OK;
}
