/* A reader of exactly the JSON that a safetensors header may be: an object of objects with three
 * known keys. It is not built on a JSON library because those keep duplicate keys, round large
 * numbers, cut names at \u0000 and need forty times the text's memory. No recursion. */
#include "common/formats/safetensors_header.h"

#include "common/base/escape.h"

#include <string.h>

/* Where the reader stands. */
typedef struct header_cursor {
    const char *text;
    size_t size, at;
    rt_arena *arena;
} header_cursor;

static rt_status wrong(const header_cursor *cursor, const char *expected)
{
    return rt_fail(RT_ERROR_INPUT, "header is not valid at byte %zu: expected %s", cursor->at + 8,
                   expected);
}

static void skip_spaces(header_cursor *cursor)
{
    while (cursor->at < cursor->size && strchr(" \t\n\r", cursor->text[cursor->at]) != NULL &&
           cursor->text[cursor->at] != 0)
        cursor->at++;
}

/* Steps over `character` (and spaces before it) if it comes next. */
static bool accept(header_cursor *cursor, char character)
{
    skip_spaces(cursor);
    if (cursor->at >= cursor->size || cursor->text[cursor->at] != character) return false;
    cursor->at++;
    return true;
}

/* Four hex digits of a \u escape. */
static bool read_hex(header_cursor *cursor, uint32_t *value)
{
    if (cursor->size - cursor->at < 4) return false;
    *value = 0;
    for (int i = 0; i < 4; i++) {
        const char digit = cursor->text[cursor->at++];
        uint32_t nibble;
        if (digit >= '0' && digit <= '9')
            nibble = (uint32_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            nibble = (uint32_t)(digit - 'a') + 10;
        else if (digit >= 'A' && digit <= 'F')
            nibble = (uint32_t)(digit - 'A') + 10;
        else
            return false;
        *value = *value << 4 | nibble;
    }
    return true;
}

static size_t encode_utf8(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    const int extra = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t lead[4] = {0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(lead[extra] | point >> (6 * extra));
    for (int i = 1; i <= extra; i++) out[i] = (char)(0x80 | (point >> (6 * (extra - i)) & 0x3F));
    return (size_t)extra + 1;
}

/* What follows a backslash; 0 if it is no valid escape (or would be a zero byte). */
static size_t read_escape(header_cursor *cursor, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (cursor->at >= cursor->size) return 0;
    const char kind = cursor->text[cursor->at++];
    if (kind != 'u') {
        const char *found = kind != 0 ? strchr(from, kind) : NULL;
        if (found == NULL) return 0;
        out[0] = to[found - from];
        return 1;
    }
    uint32_t point, low;
    if (!read_hex(cursor, &point) || point == 0) return 0;
    if (point >= 0xDC00 && point <= 0xDFFF) return 0;
    if (point >= 0xD800 && point <= 0xDBFF) {
        if (cursor->size - cursor->at < 6 || cursor->text[cursor->at] != '\\' ||
            cursor->text[cursor->at + 1] != 'u')
            return 0;
        cursor->at += 2;
        if (!read_hex(cursor, &low) || low < 0xDC00 || low > 0xDFFF) return 0;
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    return encode_utf8(point, out);
}

/* A string; the result lies in the arena and is never longer than its spelling. */
static rt_status read_string(header_cursor *cursor, const char **value)
{
    if (!accept(cursor, '"')) return wrong(cursor, "a string");
    size_t end = cursor->at;
    while (end < cursor->size && cursor->text[end] != '"') end += cursor->text[end] == '\\' ? 2 : 1;
    if (end >= cursor->size) return wrong(cursor, "the end of the string");
    char *out = rt_arena_alloc(cursor->arena, end - cursor->at + 1, 1);
    if (out == NULL) return RT_ERROR_MEMORY;
    *value = out;
    while (cursor->at < end) {
        const unsigned char byte = (unsigned char)cursor->text[cursor->at];
        if (byte == '\\') {
            cursor->at++;
            const size_t written = read_escape(cursor, out);
            if (written == 0) return wrong(cursor, "a valid escape other than \\u0000");
            out += written;
            continue;
        }
        if (byte < 0x20) return wrong(cursor, "no control character in a string");
        uint32_t point;
        const size_t length = rt_utf8_decode(cursor->text + cursor->at, end - cursor->at, &point);
        if (length == 0) return wrong(cursor, "valid UTF-8");
        memcpy(out, cursor->text + cursor->at, length);
        out += length;
        cursor->at += length;
    }
    *out = 0;
    cursor->at = end + 1;
    return RT_OK;
}

/* Digits only, without leading zeros, 0 to 2^53 - 1 (what every JSON reader keeps exactly). */
static rt_status read_integer(header_cursor *cursor, uint64_t *value)
{
    skip_spaces(cursor);
    const size_t first = cursor->at;
    *value = 0;
    while (cursor->at < cursor->size && cursor->text[cursor->at] >= '0' &&
           cursor->text[cursor->at] <= '9') {
        *value = *value * 10 + (uint64_t)(cursor->text[cursor->at] - '0');
        if (*value >= 1ull << 53) return wrong(cursor, "a number below 2^53");
        cursor->at++;
    }
    if (cursor->at == first) return wrong(cursor, "a whole number of digits only");
    if (cursor->text[first] == '0' && cursor->at - first > 1)
        return wrong(cursor, "a number without leading zeros");
    if (cursor->at < cursor->size && strchr(".eE+-", cursor->text[cursor->at]) != NULL)
        return wrong(cursor, "a whole number of digits only");
    return RT_OK;
}

/* "[1, 2]" with at most `most` numbers. */
static rt_status read_integers(header_cursor *cursor, uint64_t *values, uint32_t most,
                               uint32_t *count)
{
    *count = 0;
    if (!accept(cursor, '[')) return wrong(cursor, "'['");
    if (accept(cursor, ']')) return RT_OK;
    do {
        uint64_t value;
        RT_TRY(read_integer(cursor, &value));
        if (*count == most)
            return rt_fail(RT_ERROR_INPUT, "header is not valid at byte %zu: more than %u numbers",
                           cursor->at + 8, most);
        values[(*count)++] = value;
    } while (accept(cursor, ','));
    if (!accept(cursor, ']')) return wrong(cursor, "',' or ']'");
    return RT_OK;
}

/* Checked for every dimension, also behind a 0. */
static rt_status check_size(rt_safetensors_entry *entry)
{
    bool overflow = false, empty = false;
    entry->count = 1;
    for (uint32_t i = 0; i < entry->rank; i++) {
        if (entry->shape[i] == 0)
            empty = true;
        else
            overflow |= __builtin_mul_overflow(entry->count, entry->shape[i], &entry->count);
    }
    uint64_t bytes;
    overflow |= __builtin_mul_overflow(entry->count, rt_safetensors_type_size(entry->type), &bytes);
    if (overflow) return rt_fail(RT_ERROR_INPUT, "shape of tensor '%s' overflows", entry->name);
    if (empty) return rt_fail(RT_ERROR_INPUT, "tensor '%s' has no elements", entry->name);
    if (bytes != entry->size)
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' has %llu bytes where its shape needs %llu",
                       entry->name, (unsigned long long)entry->size, (unsigned long long)bytes);
    return RT_OK;
}

enum { HAS_TYPE = 1, HAS_SHAPE = 2, HAS_OFFSETS = 4, HAS_ALL = 7 };

/* The value of `key` in a tensor's object; `*is` says which one it was. */
static rt_status read_field(header_cursor *cursor, rt_safetensors_entry *entry, const char *key,
                            unsigned *is)
{
    if (strcmp(key, "dtype") == 0) {
        const char *type;
        *is = HAS_TYPE;
        RT_TRY(read_string(cursor, &type));
        if (!rt_safetensors_type_find(type, &entry->type))
            return rt_fail(RT_ERROR_INPUT, "unsupported dtype '%s' of tensor '%s'", type,
                           entry->name);
        return RT_OK;
    }
    if (strcmp(key, "shape") == 0) {
        *is = HAS_SHAPE;
        return read_integers(cursor, entry->shape, RT_SAFETENSORS_MAX_RANK, &entry->rank);
    }
    if (strcmp(key, "data_offsets") == 0) {
        uint64_t offsets[2];
        uint32_t count;
        *is = HAS_OFFSETS;
        RT_TRY(read_integers(cursor, offsets, 2, &count));
        if (count != 2 || offsets[0] > offsets[1])
            return rt_fail(RT_ERROR_INPUT, "data_offsets of tensor '%s' must be [begin, end]",
                           entry->name);
        entry->data = (const void *)(uintptr_t)offsets[0];
        entry->size = offsets[1] - offsets[0];
        return RT_OK;
    }
    return rt_fail(RT_ERROR_INPUT, "unknown key '%s' in tensor '%s'", key, entry->name);
}

/* The object behind a tensor's name: dtype, shape and data_offsets, each once. */
static rt_status read_entry(header_cursor *cursor, rt_safetensors_entry *entry)
{
    unsigned has = 0;
    if (!accept(cursor, '{')) return wrong(cursor, "'{'");
    if (!accept(cursor, '}')) {
        do {
            const char *key;
            unsigned is = 0;
            RT_TRY(read_string(cursor, &key));
            if (!accept(cursor, ':')) return wrong(cursor, "':'");
            RT_TRY(read_field(cursor, entry, key, &is));
            if (has & is)
                return rt_fail(RT_ERROR_INPUT, "duplicate key '%s' in tensor '%s'", key,
                               entry->name);
            has |= is;
        } while (accept(cursor, ','));
        if (!accept(cursor, '}')) return wrong(cursor, "',' or '}'");
    }
    if (has != HAS_ALL)
        return rt_fail(RT_ERROR_INPUT, "tensor '%s' lacks dtype, shape or data_offsets",
                       entry->name);
    return check_size(entry);
}

/* Makes room for one more item of `*items`. */
static rt_status grow(void **items, size_t count, size_t size)
{
    if (count >= RT_SAFETENSORS_MAX_TENSORS)
        return rt_fail(RT_ERROR_INPUT, "more than %d tensors or metadata keys",
                       RT_SAFETENSORS_MAX_TENSORS);
    if ((count & (count - 1)) != 0 && count > 0) return RT_OK; /* doubles at powers of 2 */
    void *grown = rt_realloc(*items, count == 0 ? 1 : 2 * count, size);
    if (grown == NULL) return RT_ERROR_MEMORY;
    *items = grown;
    return RT_OK;
}

static rt_status read_metadata(header_cursor *cursor, rt_safetensors *file)
{
    if (!accept(cursor, '{')) return wrong(cursor, "'{'");
    if (accept(cursor, '}')) return RT_OK;
    do {
        rt_safetensors_metadata_entry entry;
        RT_TRY(read_string(cursor, &entry.key));
        if (!accept(cursor, ':')) return wrong(cursor, "':'");
        RT_TRY(read_string(cursor, &entry.value));
        RT_TRY(grow((void **)&file->metadata, file->metadata_count, sizeof entry));
        file->metadata[file->metadata_count++] = entry;
    } while (accept(cursor, ','));
    if (!accept(cursor, '}')) return wrong(cursor, "',' or '}'");
    return RT_OK;
}

static rt_status read_tensor(header_cursor *cursor, rt_safetensors *file, const char *name)
{
    const size_t length = strlen(name);
    if (length < 1 || length > RT_SAFETENSORS_MAX_NAME)
        return rt_fail(RT_ERROR_INPUT, "a tensor's name has %zu bytes, allowed are 1 to %d", length,
                       RT_SAFETENSORS_MAX_NAME);
    rt_safetensors_entry entry = {.name = name};
    RT_TRY(read_entry(cursor, &entry));
    RT_TRY(grow((void **)&file->entries, file->entry_count, sizeof entry));
    file->entries[file->entry_count++] = entry;
    return RT_OK;
}

rt_status rt_safetensors_parse_header(rt_safetensors *file, const char *text, size_t size)
{
    header_cursor cursor = {.text = text, .size = size, .arena = &file->arena};
    if (size == 0 || text[0] != '{') return wrong(&cursor, "'{' as the first byte");
    cursor.at = 1;
    bool has_metadata = false;
    if (!accept(&cursor, '}')) {
        do {
            const char *name;
            RT_TRY(read_string(&cursor, &name));
            if (!accept(&cursor, ':')) return wrong(&cursor, "':'");
            if (strcmp(name, "__metadata__") == 0) {
                if (has_metadata) return rt_fail(RT_ERROR_INPUT, "duplicate key '__metadata__'");
                has_metadata = true;
                RT_TRY(read_metadata(&cursor, file));
            } else
                RT_TRY(read_tensor(&cursor, file, name));
        } while (accept(&cursor, ','));
        if (!accept(&cursor, '}')) return wrong(&cursor, "',' or '}'");
    }
    while (cursor.at < size && text[cursor.at] == ' ') cursor.at++;
    if (cursor.at != size) return wrong(&cursor, "only spaces after the header");
    return RT_OK;
}
