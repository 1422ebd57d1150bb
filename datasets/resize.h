#ifndef RT_DATASETS_RESIZE_H
#define RT_DATASETS_RESIZE_H

/** Resizing of 8-bit images while they are imported. */

#include "common/base/memory.h"

/**
 * Resizes [height][width][channels] to [new_height][new_width][channels]; along an axis that
 * shrinks each new pixel is the mean of the area that it covers, along one that grows it is
 * interpolated linearly between pixel centres. `to` has room for the result.
 */
RT_CHECKED rt_status rt_resize_image(uint8_t *to, uint32_t new_height, uint32_t new_width,
                                     const uint8_t *from, uint32_t height, uint32_t width,
                                     uint32_t channels);

#endif
