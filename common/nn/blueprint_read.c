/* Reads exactly what blueprint_write.c writes, spaces between tokens apart: every key in its place,
 * numbers without ornaments, strings without escapes. No recursion, and no memory before the text
 * has paid for it: indices, the one thing that is longer than its text, are counted first. */

#include "common/base/config.h"
#include "common/nn/blueprint_private.h"

#include <stdlib.h>
#include <string.h>

typedef struct blueprint_cursor {
    const char *text, *at;
    rt_arena *arena;
    uint64_t indices; ///< of all gathers so far
} blueprint_cursor;

static rt_status wrong(const blueprint_cursor *cursor, const char *expected)
{
    return rt_fail(RT_ERROR_INPUT, "graph is not valid at byte %zu: expected %s",
                   (size_t)(cursor->at - cursor->text), expected);
}

static void skip_spaces(blueprint_cursor *cursor) { cursor->at += strspn(cursor->at, " \t\r\n"); }

static bool accept(blueprint_cursor *cursor, char character)
{
    skip_spaces(cursor);
    if (*cursor->at != character) return false;
    cursor->at++;
    return true;
}

static rt_status expect(blueprint_cursor *cursor, char character)
{
    const char expected[] = {'\'', character, '\'', 0};
    return accept(cursor, character) ? RT_OK : wrong(cursor, expected);
}

/* A string without escapes, as a piece of the text. */
static rt_status read_string(blueprint_cursor *cursor, const char **string, size_t *length)
{
    RT_TRY(expect(cursor, '"'));
    *string = cursor->at;
    *length = strcspn(cursor->at, "\"\\\n");
    cursor->at += *length;
    if (*cursor->at != '"') return wrong(cursor, "'\"' and no escape before it");
    cursor->at++;
    return RT_OK;
}

static rt_status read_key(blueprint_cursor *cursor, const char *key)
{
    const char *string;
    size_t length;
    skip_spaces(cursor);
    const char *const before = cursor->at;
    RT_TRY(read_string(cursor, &string, &length));
    if (length != strlen(key) || memcmp(string, key, length) != 0) {
        cursor->at = before;
        return rt_fail(RT_ERROR_INPUT, "graph is not valid at byte %zu: expected the key '%s'",
                       (size_t)(before - cursor->text), key);
    }
    return expect(cursor, ':');
}

/* ,"key": */
static rt_status read_next_key(blueprint_cursor *cursor, const char *key)
{
    RT_TRY(expect(cursor, ','));
    return read_key(cursor, key);
}

static rt_status read_number(blueprint_cursor *cursor, double *number)
{
    char copy[32];
    skip_spaces(cursor);
    const size_t length = strspn(cursor->at, "0123456789+-.eE");
    if (length == 0 || length >= sizeof copy) return wrong(cursor, "a number");
    memcpy(copy, cursor->at, length);
    copy[length] = 0;
    if (!rt_parse_number(copy, number)) return wrong(cursor, "a number");
    cursor->at += length;
    return RT_OK;
}

/* Digits, with a minus before them where `least` is negative. */
static rt_status read_whole(blueprint_cursor *cursor, int64_t least, int64_t most, int64_t *number)
{
    skip_spaces(cursor);
    const bool negative = *cursor->at == '-' && least < 0;
    const char *const digits = cursor->at + negative;
    const size_t length = strspn(digits, "0123456789");
    if (length == 0 || length > 10 || (length > 1 && digits[0] == '0'))
        return wrong(cursor, "a whole number");
    *number = strtoll(digits, NULL, 10);
    if (negative) *number = -*number;
    if (*number < least || *number > most)
        return rt_fail(RT_ERROR_INPUT,
                       "graph is not valid at byte %zu: %lld is not from %lld to %lld",
                       (size_t)(cursor->at - cursor->text), (long long)*number, (long long)least,
                       (long long)most);
    cursor->at = digits + length;
    return RT_OK;
}

/* Which of `words` the string is. */
static rt_status read_word(blueprint_cursor *cursor, const char *what, const char *const *words,
                           uint32_t count, uint32_t *word)
{
    const char *string;
    size_t length;
    RT_TRY(read_string(cursor, &string, &length));
    for (*word = 0; *word < count; (*word)++)
        if (strlen(words[*word]) == length && memcmp(words[*word], string, length) == 0)
            return RT_OK;
    return rt_fail(RT_ERROR_INPUT, "graph is not valid at byte %zu: unknown %s '%.*s'",
                   (size_t)(cursor->at - cursor->text), what, (int)(length < 64 ? length : 64),
                   string);
}

static rt_status read_flag(blueprint_cursor *cursor, bool *flag)
{
    skip_spaces(cursor);
    *flag = *cursor->at == 't';
    const char *const word = *flag ? "true" : "false";
    if (strncmp(cursor->at, word, strlen(word)) != 0) return wrong(cursor, "true or false");
    cursor->at += strlen(word);
    return RT_OK;
}

static rt_status read_sides(blueprint_cursor *cursor, uint32_t most, rt_sides *sides)
{
    int64_t numbers[4];
    RT_TRY(expect(cursor, '['));
    for (int i = 0; i < 4; i++) {
        if (i > 0) RT_TRY(expect(cursor, ','));
        RT_TRY(read_whole(cursor, 0, most, &numbers[i]));
    }
    *sides = (rt_sides){(uint32_t)numbers[0], (uint32_t)numbers[1], (uint32_t)numbers[2],
                        (uint32_t)numbers[3]};
    return expect(cursor, ']');
}

static rt_status read_attribute(blueprint_cursor *cursor, rt_blueprint_layer *layer,
                                const rt_attribute *attribute)
{
    void *field = (char *)layer + attribute->offset;
    RT_TRY(read_next_key(cursor, attribute->key));
    switch (attribute->type) {
    case RT_ATTRIBUTE_WHOLE: {
        int64_t number;
        RT_TRY(
            read_whole(cursor, (int64_t)attribute->minimum, (int64_t)attribute->maximum, &number));
        *(uint32_t *)field = (uint32_t)number;
        return RT_OK;
    }
    case RT_ATTRIBUTE_REAL: {
        double number;
        RT_TRY(read_number(cursor, &number));
        *(float *)field = (float)number;
        return RT_OK;
    }
    case RT_ATTRIBUTE_FLAG:
        return read_flag(cursor, field);
    case RT_ATTRIBUTE_CHOICE:
        return read_word(cursor, attribute->key, attribute->words, attribute->word_count, field);
    case RT_ATTRIBUTE_SIDES:
        break;
    }
    return read_sides(cursor, (uint32_t)attribute->maximum, field);
}

static rt_status read_inputs(blueprint_cursor *cursor, rt_blueprint_layer *layer)
{
    uint32_t inputs[RT_BLUEPRINT_MAXIMUM_INPUTS];
    RT_TRY(read_next_key(cursor, "from"));
    RT_TRY(expect(cursor, '['));
    while (!accept(cursor, ']')) {
        int64_t number;
        if (layer->input_count > 0) RT_TRY(expect(cursor, ','));
        if (layer->input_count == RT_COUNT(inputs)) return wrong(cursor, "fewer inputs");
        RT_TRY(read_whole(cursor, 0, RT_BLUEPRINT_MAXIMUM_LAYERS, &number));
        inputs[layer->input_count++] = (uint32_t)number;
    }
    uint32_t *const copy = rt_arena_alloc(cursor->arena, layer->input_count, sizeof *copy);
    if (copy == NULL) return RT_ERROR_MEMORY;
    for (uint32_t i = 0; i < layer->input_count; i++) copy[i] = inputs[i];
    layer->inputs = copy;
    return RT_OK;
}

static rt_status read_run(blueprint_cursor *cursor, rt_index_run *run)
{
    int64_t first, step, count;
    RT_TRY(read_whole(cursor, -1, RT_BLUEPRINT_MAXIMUM_INDICES - 1, &first));
    RT_TRY(expect(cursor, ','));
    RT_TRY(read_whole(cursor, -RT_BLUEPRINT_MAXIMUM_INDICES, RT_BLUEPRINT_MAXIMUM_INDICES, &step));
    RT_TRY(expect(cursor, ','));
    RT_TRY(read_whole(cursor, 1, RT_BLUEPRINT_MAXIMUM_INDICES, &count));
    const int64_t last = first + step * (count - 1);
    if (last < -1 || last >= RT_BLUEPRINT_MAXIMUM_INDICES) return wrong(cursor, "indices in range");
    *run = (rt_index_run){(int32_t)first, (int32_t)step, (uint32_t)count};
    return RT_OK;
}

static rt_status read_indices(blueprint_cursor *cursor, rt_blueprint_layer *layer)
{
    const uint64_t count = (uint64_t)layer->height * layer->width * layer->channels;
    cursor->indices += count;
    if (cursor->indices > RT_BLUEPRINT_MAXIMUM_INDICES) return wrong(cursor, "fewer indices");
    int32_t *const indices = rt_arena_alloc(cursor->arena, count, sizeof *indices);
    if (indices == NULL) return RT_ERROR_MEMORY;
    layer->indices = indices;
    RT_TRY(read_next_key(cursor, "indices"));
    RT_TRY(expect(cursor, '['));
    while (layer->index_count < count) {
        rt_index_run run;
        if (layer->index_count > 0) RT_TRY(expect(cursor, ','));
        RT_TRY(read_run(cursor, &run));
        if (run.count > count - layer->index_count) return wrong(cursor, "a shorter run");
        for (uint32_t i = 0; i < run.count; i++)
            indices[layer->index_count++] = run.first + run.step * (int32_t)i;
    }
    return expect(cursor, ']');
}

static rt_status read_layer(blueprint_cursor *cursor, rt_blueprint_layer *layer)
{
    const char *kinds[RT_LAYER_KIND_COUNT], *name;
    uint32_t kind;
    size_t length;
    for (uint32_t i = 0; i < RT_LAYER_KIND_COUNT; i++) kinds[i] = rt_layer_forms[i].name;
    RT_TRY(expect(cursor, '{'));
    RT_TRY(read_key(cursor, "kind"));
    RT_TRY(read_word(cursor, "kind of layer", kinds, RT_LAYER_KIND_COUNT, &kind));
    layer->kind = kind;
    RT_TRY(read_next_key(cursor, "name"));
    RT_TRY(read_string(cursor, &name, &length));
    if (length > RT_BLUEPRINT_MAXIMUM_NAME) return wrong(cursor, "a shorter name");
    layer->name = rt_arena_printf(cursor->arena, "%.*s", (int)length, name);
    if (layer->name == NULL) return RT_ERROR_MEMORY;
    RT_TRY(read_inputs(cursor, layer));
    const rt_layer_form *form = &rt_layer_forms[kind];
    for (uint32_t i = 0; i < form->attribute_count; i++)
        RT_TRY(read_attribute(cursor, layer, &form->attributes[i]));
    if (form->indices) RT_TRY(read_indices(cursor, layer));
    return expect(cursor, '}');
}

/* No fewer than the layers: each begins with a brace, and a brace stands nowhere else but in names,
 * which may not have any. */
static uint32_t count_layers(const char *json)
{
    uint32_t count = 0;
    for (const char *at = strchr(json, '{'); at != NULL; at = strchr(at + 1, '{')) count++;
    return count > 0 ? count - 1 : 0;
}

rt_status rt_blueprint_read(rt_blueprint *blueprint, const char *json, rt_arena *arena)
{
    blueprint_cursor cursor = {.text = json, .at = json, .arena = arena};
    const uint32_t most = count_layers(json);
    if (most > RT_BLUEPRINT_MAXIMUM_LAYERS)
        return rt_fail(RT_ERROR_INPUT, "graph has more than %d layers",
                       RT_BLUEPRINT_MAXIMUM_LAYERS);
    rt_blueprint_layer *const layers = rt_arena_alloc(arena, most, sizeof *layers);
    if (layers == NULL) return RT_ERROR_MEMORY;
    *blueprint = (rt_blueprint){.layers = layers};
    RT_TRY(expect(&cursor, '{'));
    RT_TRY(read_key(&cursor, "layers"));
    RT_TRY(expect(&cursor, '['));
    do {
        if (blueprint->layer_count == most) return wrong(&cursor, "a layer");
        RT_TRY(read_layer(&cursor, &layers[blueprint->layer_count++]));
    } while (accept(&cursor, ','));
    RT_TRY(expect(&cursor, ']'));
    RT_TRY(expect(&cursor, '}'));
    skip_spaces(&cursor);
    if (*cursor.at != 0) return wrong(&cursor, "nothing more");
    return rt_blueprint_check(blueprint);
}
