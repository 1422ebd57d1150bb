#ifndef RT_FORMATS_IMAGE_H
#define RT_FORMATS_IMAGE_H

/**
 * An 8-bit picture in memory, from a PNG or a JPEG file.
 *     rt_image image = {0};
 *     RT_TRY(rt_image_read(&image, "cat.png"));
 *     ...
 *     rt_image_clear(&image);
 */

#include "common/base/memory.h"

/** Limits on pictures from outside (docs/reliability.md). */
enum { RT_IMAGE_MAX_SIDE = 16384, RT_IMAGE_MAX_PIXELS = 64 << 20 };

/** `= {0}` is a valid empty one. */
typedef struct rt_image {
    uint32_t height, width;
    uint32_t channels; ///< 1: gray, 3: RGB
    uint8_t *pixels;   ///< [height][width][channels]; NULL when only the header was read
} rt_image;

/** Reads a PNG or JPEG file, told apart by its first bytes. Errors: RT_ERROR_INPUT naming the file.
 *  Ownership: the caller clears `*image`, which must be empty before. */
RT_CHECKED rt_status rt_image_read(rt_image *image, const char *path);
/** Fills height, width and channels alone (pixels stay NULL). */
RT_CHECKED rt_status rt_image_read_header(rt_image *image, const char *path);
void rt_image_clear(rt_image *image);

#endif
