#include "common/base/escape.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

size_t rt_utf8_decode(const char *text, size_t size, uint32_t *code_point)
{
    /* Smallest code point that needs as many bytes: a smaller one is an overlong form. */
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size == 0) return 0;
    const uint8_t first = (uint8_t)text[0];
    if (first < 0x80) {
        *code_point = first;
        return 1;
    }
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size < length) return 0;
    uint32_t value = first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        const uint8_t next = (uint8_t)text[i];
        if ((next & 0xc0) != 0x80) return 0;
        value = value << 6 | (next & 0x3f);
    }
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < smallest[length] || value > 0x10ffff || surrogate) return 0;
    *code_point = value;
    return length;
}

/* C1 controls too: U+009B alone begins an escape sequence on some terminals. */
static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

void rt_text_escape(char *escaped, size_t size, const char *text)
{
    static const char cut[] = "...";
    assert(size > sizeof cut);
    size_t left = strlen(text);
    size_t end = 0;      /* of what was written */
    size_t safe_end = 0; /* of what leaves room for the mark of a cut */
    while (left > 0) {
        uint32_t code_point = 0;
        const size_t length = rt_utf8_decode(text, left, &code_point);
        const bool show = length == 0 || is_control(code_point);
        const size_t taken = length == 0 ? 1 : length;
        const size_t needed = show ? 4 * taken : taken;
        if (end + needed >= size) {
            memcpy(escaped + safe_end, cut, sizeof cut);
            return;
        }
        for (size_t i = 0; i < taken && show; i++)
            snprintf(escaped + end + 4 * i, 5, "\\x%02x", (unsigned)(uint8_t)text[i]);
        if (!show) memcpy(escaped + end, text, taken);
        end += needed;
        if (end + sizeof cut <= size) safe_end = end;
        text += taken;
        left -= taken;
    }
    escaped[end] = 0;
}
