#ifndef RT_FORMATS_GRID_H
#define RT_FORMATS_GRID_H

/**
 * A sheet of small images, to look at: rows and columns of equal cells with lines between them.
 *     RT_TRY(rt_grid_write_png("round-0001.png", &(rt_grid){.images = images, .count = 64,
 *         .height = 32, .width = 32, .channels = 3, .rows = 8, .columns = 8}));
 */

#include "common/formats/image.h"

typedef struct rt_grid {
    const uint8_t *images; ///< [count,H,W,C], 0..255
    size_t count;
    uint32_t height, width;
    uint32_t channels; ///< 1, 3, or 4 (the fourth is not drawn)
    uint32_t rows, columns;
    const int64_t *cells; ///< [rows*columns]: the image of each cell, -1 for none; NULL: in order
    uint32_t scale; ///< each pixel becomes scale x scale; 0: so that an image has 64 or more a side
} rt_grid;

/** Pixels of a line between cells, and around all of them. */
enum { RT_GRID_LINE = 1 };

/** Draws into `*image` (empty before; the caller clears it). Errors: RT_ERROR_INPUT if the sheet
 *  would be larger than RT_IMAGE_MAX_SIDE. */
RT_CHECKED rt_status rt_grid_draw(rt_image *image, const rt_grid *grid);
/** Draws and writes a file through rt_file_replace. */
RT_CHECKED rt_status rt_grid_write_png(const char *path, const rt_grid *grid);

#endif
