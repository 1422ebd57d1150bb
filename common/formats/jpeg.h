#ifndef RT_FORMATS_JPEG_H
#define RT_FORMATS_JPEG_H

/**
 * JPEG through libjpeg (reading only), with limits on what a file from outside may ask for.
 * Warnings of the library (a truncated file, for one) are errors.
 */

#include "common/formats/image.h"

/** True if the bytes begin as a JPEG file. */
bool rt_jpeg_recognise(const void *data, size_t size);
/** Decodes a file in memory to gray or RGB; `name` stands in messages; `header_only` leaves pixels
 *  NULL. Errors: RT_ERROR_INPUT for anything wrong (CMYK too), RT_ERROR_MEMORY. */
RT_CHECKED rt_status rt_jpeg_decode(rt_image *image, const char *name, const void *data,
                                    size_t size, bool header_only);

#endif
