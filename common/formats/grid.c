#include "common/formats/grid.h"

#include "common/formats/png.h"

#include <assert.h>
#include <string.h>

enum { LINE_GRAY = 128, EMPTY_GRAY = 40, SIDE_WANTED = 64 };

static uint32_t choose_scale(const rt_grid *grid)
{
    if (grid->scale > 0) return grid->scale;
    const uint32_t side = grid->height > grid->width ? grid->height : grid->width;
    return side >= SIDE_WANTED ? 1 : (SIDE_WANTED + side - 1) / side;
}

/* The image of a cell, or NULL for an empty one. */
static const uint8_t *cell_image(const rt_grid *grid, size_t cell)
{
    const int64_t position = grid->cells != NULL ? grid->cells[cell] : (int64_t)cell;
    if (position < 0 || (size_t)position >= grid->count) return NULL;
    return grid->images + (size_t)position * grid->height * grid->width * grid->channels;
}

static void draw_cell(rt_image *sheet, const rt_grid *grid, const uint8_t *image, uint32_t scale,
                      uint32_t top, uint32_t left)
{
    for (uint32_t y = 0; y < grid->height * scale; y++) {
        uint8_t *to = sheet->pixels + ((size_t)(top + y) * sheet->width + left) * sheet->channels;
        if (image == NULL) {
            memset(to, EMPTY_GRAY, (size_t)grid->width * scale * sheet->channels);
            continue;
        }
        const uint8_t *from = image + (size_t)(y / scale) * grid->width * grid->channels;
        for (uint32_t x = 0; x < grid->width * scale; x++, to += sheet->channels) {
            memcpy(to, from + (size_t)(x / scale) * grid->channels, sheet->channels);
        }
    }
}

rt_status rt_grid_draw(rt_image *image, const rt_grid *grid)
{
    assert(image->pixels == NULL && grid->rows > 0 && grid->columns > 0 && grid->channels > 0);
    const uint32_t scale = choose_scale(grid);
    const uint64_t cell_height = (uint64_t)grid->height * scale + RT_GRID_LINE;
    const uint64_t cell_width = (uint64_t)grid->width * scale + RT_GRID_LINE;
    const uint64_t height = grid->rows * cell_height + RT_GRID_LINE;
    const uint64_t width = grid->columns * cell_width + RT_GRID_LINE;
    if (height > RT_IMAGE_MAX_SIDE || width > RT_IMAGE_MAX_SIDE ||
        height * width > RT_IMAGE_MAX_PIXELS) {
        return rt_fail(RT_ERROR_INPUT,
                       "a grid of %ux%u images of %ux%u would be too large a picture; ask for "
                       "fewer rows and columns",
                       grid->rows, grid->columns, grid->height, grid->width);
    }
    image->height = (uint32_t)height;
    image->width = (uint32_t)width;
    image->channels = grid->channels == 1 ? 1 : 3;
    RT_TRY(RT_ALLOC(image->pixels, height * width * image->channels));
    memset(image->pixels, LINE_GRAY, height * width * image->channels);
    for (uint32_t row = 0; row < grid->rows; row++) {
        for (uint32_t column = 0; column < grid->columns; column++) {
            const uint32_t top = RT_GRID_LINE + (uint32_t)(row * cell_height);
            const uint32_t left = RT_GRID_LINE + (uint32_t)(column * cell_width);
            const uint8_t *from = cell_image(grid, (size_t)row * grid->columns + column);
            draw_cell(image, grid, from, scale, top, left);
        }
    }
    return RT_OK;
}

rt_status rt_grid_write_png(const char *path, const rt_grid *grid)
{
    rt_status status = RT_OK;
    rt_image image = {0};
    RT_TRY_DONE(rt_grid_draw(&image, grid));
    RT_TRY_DONE(rt_png_write(&image, path));
done:
    rt_image_clear(&image);
    return status;
}
