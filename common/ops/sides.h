#ifndef RT_OPS_SIDES_H
#define RT_OPS_SIDES_H

#include <stdint.h>

/** Pixels on each side of an image. */
typedef struct rt_sides {
    uint32_t top, left, bottom, right;
} rt_sides;

#endif
