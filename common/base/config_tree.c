#include "common/base/config_tree.h"

#include "common/base/escape.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

typedef struct tree_reader {
    yaml_parser_t parser;
    const rt_config_source *source;
    const char *text;
    size_t size;
    rt_arena *arena;
    rt_config_node *root;
    rt_config_node *open[RT_CONFIG_MAX_DEPTH];    /* collections begun and not ended */
    rt_config_node *waiting[RT_CONFIG_MAX_DEPTH]; /* of each mapping: key read, value to come */
    size_t depth;
    size_t node_count;
    bool has_document;
} tree_reader;

const char *rt_config_place(char place[RT_CONFIG_PLACE_SIZE], const rt_config_source *source,
                            size_t line, size_t column)
{
    if (source->one_line)
        snprintf(place, RT_CONFIG_PLACE_SIZE, "%s", source->name);
    else
        snprintf(place, RT_CONFIG_PLACE_SIZE, "%.250s:%zu:%zu", source->name, line, column);
    return place;
}

static rt_status fail_at_mark(const rt_config_source *source, yaml_mark_t mark, const char *rule)
{
    char place[RT_CONFIG_PLACE_SIZE];
    return rt_fail(RT_ERROR_INPUT, "not allowed in '%s': %s",
                   rt_config_place(place, source, mark.line + 1, mark.column + 1), rule);
}

static yaml_mark_t mark_of_offset(const char *text, size_t offset)
{
    yaml_mark_t mark = {.index = offset};
    for (size_t i = 0; i < offset; i++) {
        mark.column++;
        if (text[i] == '\n') mark = (yaml_mark_t){.index = offset, .line = mark.line + 1};
    }
    return mark;
}

/* What libyaml would guess (UTF-16, a byte order mark) or report without a line. */
static rt_status check_text(const rt_config_source *source, const char *text, size_t size)
{
    if (size > RT_CONFIG_MAX_BYTES)
        return rt_fail(RT_ERROR_INPUT,
                       "configuration '%.250s' has %zu bytes, more than the %d allowed",
                       source->name, size, RT_CONFIG_MAX_BYTES);
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return rt_fail(RT_ERROR_INPUT, "byte order mark in '%.250s'; save it as UTF-8 without one",
                       source->name);
    size_t length;
    for (size_t i = 0; i < size; i += length) {
        uint32_t code_point = 0;
        length = rt_utf8_decode(text + i, size - i, &code_point);
        if (length == 0)
            return fail_at_mark(source, mark_of_offset(text, i), "a byte that is no UTF-8 text");
        const bool space = code_point == '\t' || code_point == '\n' || code_point == '\r';
        if (code_point < 0x20 && !space)
            return fail_at_mark(source, mark_of_offset(text, i), "a control character");
    }
    return RT_OK;
}

static rt_status fail_yaml(const tree_reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return rt_fail(RT_ERROR_MEMORY, "out of memory for configuration '%.250s'",
                       reader->source->name);
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR && parser->problem_offset <= reader->size)
        mark = mark_of_offset(reader->text, parser->problem_offset);
    char place[RT_CONFIG_PLACE_SIZE];
    return rt_fail(RT_ERROR_INPUT, "not valid YAML in '%s': %s",
                   rt_config_place(place, reader->source, mark.line + 1, mark.column + 1),
                   parser->problem != NULL ? parser->problem : "unknown problem");
}

static bool is_null(const yaml_event_t *event)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return false;
    for (size_t i = 0; i < RT_COUNT(words); i++)
        if (strcmp((const char *)event->data.scalar.value, words[i]) == 0) return true;
    return false;
}

static rt_status fill_scalar(tree_reader *reader, rt_config_node *node, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    if (strlen(text) != event->data.scalar.length)
        return fail_at_mark(reader->source, event->start_mark, "a 0 character (\\0)");
    node->kind = RT_CONFIG_SCALAR;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (is_null(event)) return RT_OK;
    node->text = rt_arena_strdup(reader->arena, text);
    return node->text != NULL ? RT_OK : RT_ERROR_MEMORY;
}

/* Hangs a finished scalar or a new collection below the open collection. */
static rt_status attach(tree_reader *reader, rt_config_node *node, const yaml_event_t *event)
{
    if (reader->depth == 0) {
        reader->root = node;
        return RT_OK;
    }
    rt_config_node *parent = reader->open[reader->depth - 1];
    rt_config_node **waiting = &reader->waiting[reader->depth - 1];
    if (parent->kind == RT_CONFIG_MAPPING && *waiting == NULL) {
        if (node->kind != RT_CONFIG_SCALAR || node->text == NULL)
            return fail_at_mark(reader->source, event->start_mark, "a key that is no word");
        *waiting = node;
        return RT_OK;
    }
    if (parent->kind == RT_CONFIG_MAPPING) {
        node->key = (*waiting)->text;
        node->line = (*waiting)->line;
        node->column = (*waiting)->column;
        *waiting = NULL;
    }
    if (parent->last != NULL)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return RT_OK;
}

static rt_status open_collection(tree_reader *reader, rt_config_node *node,
                                 const yaml_event_t *event)
{
    if (reader->depth == RT_CONFIG_MAX_DEPTH)
        return fail_at_mark(reader->source, event->start_mark, "more than 32 levels");
    reader->open[reader->depth] = node;
    reader->waiting[reader->depth] = NULL;
    reader->depth++;
    return RT_OK;
}

/* A value begins: a scalar, a sequence or a mapping. */
static rt_status take_node(tree_reader *reader, const yaml_event_t *event)
{
    const bool scalar = event->type == YAML_SCALAR_EVENT;
    const bool sequence = event->type == YAML_SEQUENCE_START_EVENT;
    const yaml_char_t *anchor = scalar     ? event->data.scalar.anchor
                                : sequence ? event->data.sequence_start.anchor
                                           : event->data.mapping_start.anchor;
    const yaml_char_t *tag = scalar     ? event->data.scalar.tag
                             : sequence ? event->data.sequence_start.tag
                                        : event->data.mapping_start.tag;
    if (anchor != NULL)
        return fail_at_mark(reader->source, event->start_mark,
                            "an anchor (&); quote it if it is meant as text");
    if (tag != NULL)
        return fail_at_mark(reader->source, event->start_mark,
                            "a tag (!); quote it if it is meant as text");
    if (++reader->node_count > RT_CONFIG_MAX_NODES)
        return fail_at_mark(reader->source, event->start_mark, "more than 10,000 values");
    rt_config_node *node = rt_arena_alloc(reader->arena, 1, sizeof *node);
    if (node == NULL) return RT_ERROR_MEMORY;
    node->kind = sequence ? RT_CONFIG_SEQUENCE : RT_CONFIG_MAPPING;
    node->line = event->start_mark.line + 1;
    node->column = event->start_mark.column + 1;
    if (scalar) RT_TRY(fill_scalar(reader, node, event));
    RT_TRY(attach(reader, node, event));
    return scalar ? RT_OK : open_collection(reader, node, event);
}

static rt_status take_event(tree_reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (reader->has_document)
            return fail_at_mark(reader->source, event->start_mark, "a second document (---)");
        reader->has_document = true;
        return RT_OK;
    case YAML_ALIAS_EVENT:
        return fail_at_mark(reader->source, event->start_mark,
                            "an alias (*); quote it if it is meant as text");
    case YAML_SCALAR_EVENT:
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return take_node(reader, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        reader->depth--;
        return RT_OK;
    default:
        return RT_OK;
    }
}

static rt_status read_events(tree_reader *reader)
{
    for (bool ended = false; !ended;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&reader->parser, &event)) return fail_yaml(reader);
        ended = event.type == YAML_STREAM_END_EVENT;
        const rt_status status = take_event(reader, &event);
        yaml_event_delete(&event);
        RT_TRY(status);
    }
    return RT_OK;
}

rt_status rt_config_tree_read(rt_config_node **root, const rt_config_source *source,
                              const char *text, size_t size, rt_arena *arena)
{
    RT_TRY(check_text(source, text, size));
    tree_reader reader = {.source = source, .text = text, .size = size, .arena = arena};
    reader.root = rt_arena_alloc(arena, 1, sizeof *reader.root);
    if (reader.root == NULL) return RT_ERROR_MEMORY;
    reader.root->line = reader.root->column = 1;
    if (!yaml_parser_initialize(&reader.parser))
        return rt_fail(RT_ERROR_MEMORY, "out of memory for configuration '%.250s'", source->name);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
    const rt_status status = read_events(&reader);
    yaml_parser_delete(&reader.parser);
    *root = reader.root;
    return status;
}
