#ifndef RT_FORMATS_PNG_H
#define RT_FORMATS_PNG_H

/**
 * PNG through libpng, with limits on what a file from outside may ask for. 16 bits are rounded to
 * 8, palettes become RGB, transparency is dropped; of an animation the first picture is read.
 */

#include "common/formats/image.h"

/** True if the bytes begin as a PNG file. */
bool rt_png_recognise(const void *data, size_t size);
/** Decodes a file in memory; `name` stands in messages; `header_only` leaves pixels NULL.
 *  Errors: RT_ERROR_INPUT for anything wrong (a bad checksum too), RT_ERROR_MEMORY. */
RT_CHECKED rt_status rt_png_decode(rt_image *image, const char *name, const void *data, size_t size,
                                   bool header_only);
/** Encodes; equal pixels make equal bytes. */
RT_CHECKED rt_status rt_png_encode(const rt_image *image, rt_buffer *bytes);
/** Writes a file through rt_file_replace. */
RT_CHECKED rt_status rt_png_write(const rt_image *image, const char *path);

#endif
