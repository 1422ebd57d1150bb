#ifndef RT_BASE_ESCAPE_H
#define RT_BASE_ESCAPE_H

/**
 * Text that comes from outside (file names, keys) made safe for a terminal, and the UTF-8 decoder
 * that this and the configuration reader need.
 */

#include <stddef.h>
#include <stdint.h>

/**
 * Decodes one code point of strict UTF-8 (no overlong forms, no surrogates, at most U+10FFFF).
 * Returns the number of bytes read (1 to 4), or 0 if `text` does not begin with valid UTF-8.
 */
size_t rt_utf8_decode(const char *text, size_t size, uint32_t *code_point);

/**
 * Copies `text` into `escaped` (`size` bytes with the final 0) with control characters and bytes
 * that are no UTF-8 shown as \xNN. What does not fit is cut off after a whole character and "..."
 * stands in its place. Escaping twice changes nothing more.
 */
void rt_text_escape(char *escaped, size_t size, const char *text);

#endif
