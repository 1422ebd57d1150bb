#include "common/formats/grid.h"

#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Cell, or -1 for a line, of a coordinate: from the picture of "line, cell, line, cell, ..., line".
 */
static int cell_of(uint32_t at, uint32_t size)
{
    return at % (size + 1) == 0 ? -1 : (int)(at / (size + 1));
}

static void check(const rt_grid *grid, uint32_t scale)
{
    rt_image image = {0};
    cr_assert_eq(rt_grid_draw(&image, grid), RT_OK, "%s", rt_error_message());
    const uint32_t shown = grid->channels == 1 ? 1 : 3;
    const uint32_t h = grid->height * scale, w = grid->width * scale;
    cr_assert_eq(image.height, grid->rows * (h + 1) + 1);
    cr_assert_eq(image.width, grid->columns * (w + 1) + 1);
    cr_assert_eq(image.channels, shown);
    for (uint32_t y = 0; y < image.height; y++) {
        for (uint32_t x = 0; x < image.width; x++) {
            const uint8_t *pixel = image.pixels + ((size_t)y * image.width + x) * shown;
            const int row = cell_of(y, h), column = cell_of(x, w);
            if (row < 0 || column < 0) {
                cr_assert_eq(pixel[0], 128, "line at %u,%u", y, x);
                continue;
            }
            const int cell = row * (int)grid->columns + column;
            const int64_t n = grid->cells != NULL ? grid->cells[cell] : cell;
            if (n < 0 || n >= (int64_t)grid->count) {
                cr_assert_eq(pixel[shown - 1], 40, "empty cell at %u,%u", y, x);
                continue;
            }
            const uint32_t from_y = (y - 1 - (uint32_t)row * (h + 1)) / scale;
            const uint32_t from_x = (x - 1 - (uint32_t)column * (w + 1)) / scale;
            const size_t from =
                (((size_t)n * grid->height + from_y) * grid->width + from_x) * grid->channels;
            cr_assert_arr_eq(pixel, grid->images + from, shown, "pixel at %u,%u", y, x);
        }
    }
    rt_image_clear(&image);
}

Test(formats_grid, every_pixel_is_of_its_cell)
{
    uint8_t images[5 * 7 * 6 * 4];
    for (size_t i = 0; i < sizeof images; i++) images[i] = (uint8_t)(i * 37 + i / 11);
    const int64_t cells[] = {4, -1, 0, 2, 2, 1};
    for (uint32_t channels = 1; channels <= 4; channels++) {
        if (channels == 2) continue;
        rt_grid grid = {.images = images,
                        .count = 5,
                        .height = 7,
                        .width = 6,
                        .channels = channels,
                        .rows = 2,
                        .columns = 3,
                        .scale = 1};
        check(&grid, 1);
        grid.scale = 3;
        check(&grid, 3);
        grid.cells = cells;
        check(&grid, 3);
        grid.scale = 0; /* 10 * 7 is the first to reach 64 */
        check(&grid, 10);
    }
}

Test(formats_grid, small_images_are_enlarged_and_large_ones_are_not)
{
    uint8_t *images = calloc(1, 80 * 80);
    check(&(rt_grid){.images = images,
                     .count = 1,
                     .height = 32,
                     .width = 32,
                     .channels = 1,
                     .rows = 1,
                     .columns = 1},
          2);
    check(&(rt_grid){.images = images,
                     .count = 1,
                     .height = 80,
                     .width = 20,
                     .channels = 1,
                     .rows = 1,
                     .columns = 1},
          1);
    free(images);
}

Test(formats_grid, too_large_a_sheet_is_an_error)
{
    const uint8_t images[32 * 32] = {0};
    rt_image image = {0};
    const rt_grid grid = {.images = images,
                          .count = 1,
                          .height = 32,
                          .width = 32,
                          .channels = 1,
                          .rows = 1000,
                          .columns = 2};
    cr_assert_eq(rt_grid_draw(&image, &grid), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "1000x2"));
    rt_image_clear(&image);
}

Test(formats_grid, the_file_is_a_png_of_that_size)
{
    const uint8_t images[2 * 8 * 8 * 3] = {1, 2, 3};
    const char *path = rt_test_path("grid.png");
    const rt_grid grid = {.images = images,
                          .count = 2,
                          .height = 8,
                          .width = 8,
                          .channels = 3,
                          .rows = 1,
                          .columns = 2,
                          .scale = 1};
    cr_assert_eq(rt_grid_write_png(path, &grid), RT_OK, "%s", rt_error_message());
    size_t size;
    uint8_t *bytes = rt_test_read(path, &size);
    /* Signature, then IHDR: width 19, height 10, 8 bits, RGB (PNG specification, 11.2.2). */
    static const uint8_t head[] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0,  13, 'I',
                                   'H',  'D', 'R', 0,   0,  0,  19, 0,  0, 0, 10, 8,  2};
    cr_assert_gt(size, sizeof head);
    cr_assert_arr_eq(bytes, head, sizeof head);
    free(bytes);
}
