#ifndef RT_FORMATS_SAFETENSORS_HEADER_H
#define RT_FORMATS_SAFETENSORS_HEADER_H

/** The JSON header of a safetensors file; used by safetensors.c alone. */

#include "common/formats/safetensors.h"

/** Limits of Retort's own, far above any model and far below what costs memory. */
enum {
    RT_SAFETENSORS_MAX_HEADER = 16 << 20,
    RT_SAFETENSORS_MAX_TENSORS = 65536,
    RT_SAFETENSORS_MAX_NAME = 1024
};

/**
 * Reads the header into file->entries (with `data` an offset into the data buffer, cast to a
 * pointer, and `size` end - begin, both unchecked against the buffer) and file->metadata.
 * What is checked: all that concerns the text itself, and that shape x width is the size.
 * Errors: RT_ERROR_INPUT, without the file's name.
 */
RT_CHECKED rt_status rt_safetensors_parse_header(rt_safetensors *file, const char *text,
                                                 size_t size);

/** The type of that name; false if there is none. */
bool rt_safetensors_type_find(const char *name, rt_safetensors_type *type);

#endif
