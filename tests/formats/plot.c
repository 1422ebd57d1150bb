/* Charts: where lines lie in the picture, and what cannot be drawn. */
#include "common/formats/plot.h"

#include "common/formats/image.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <string.h>

Test(formats_plot, steps_are_round_and_few)
{
    static const struct {
        double span;
        int most;
        double step;
    } rows[] = {{9, 9, 1},   {10, 9, 2},    {1000, 9, 200}, {0.5, 9, 0.1},     {45, 9, 5},
                {46, 9, 10}, {3e6, 5, 1e6}, {7, 10, 1},     {0.00012, 9, 2e-5}};
    for (size_t i = 0; i < RT_COUNT(rows); i++)
        cr_expect_float_eq(rt_plot_step(rows[i].span, rows[i].most), rows[i].step,
                           1e-9 * rows[i].step, "%g", rows[i].span);
}

/* The rows in which the colour of the first line is found at column x; their mean. */
static double line_height(const rt_image *image, uint32_t x, size_t *found)
{
    double sum = 0;
    *found = 0;
    for (uint32_t y = 0; y < image->height; y++) {
        const uint8_t *p = image->pixels + 3 * ((size_t)y * image->width + x);
        if (p[0] != 0 || p[1] != 114 || p[2] != 178) continue;
        sum += y;
        (*found)++;
    }
    return *found > 0 ? sum / (double)*found : 0;
}

Test(formats_plot, a_line_lies_where_its_numbers_are)
{
    const double x[] = {0, 100}, y[] = {0, 10}, low[] = {-1, 9}, high[] = {1, 11};
    const rt_plot_line line = {.name = "a line with \xC3\xA4 name that is far too long for the "
                                       "place that a legend has, whatever it stands for",
                               .x = x,
                               .y = y,
                               .low = low,
                               .high = high,
                               .count = 2};
    const rt_plot plot = {
        .title = "t", .x_label = "x", .y_label = "y", .lines = &line, .line_count = 1};
    const char *path = rt_test_path("plot.png");
    rt_image image = {0};
    size_t left, middle, right;
    cr_assert_eq(rt_plot_write_png(&plot, path), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_image_read(&image, path), RT_OK, "%s", rt_error_message());
    const double at_left = line_height(&image, 400, &left);
    const double at_middle = line_height(&image, 450, &middle);
    const double at_right = line_height(&image, 500, &right);
    cr_assert(left > 0 && middle > 0 && right > 0);
    cr_assert_gt(at_left, at_middle + 10, "it must rise");
    cr_assert_float_eq(at_left - at_middle, at_middle - at_right, 2, "it must be straight");
    rt_image_clear(&image);
}

Test(formats_plot, a_steep_beginning_does_not_hide_the_end)
{
    /* From 0 to 90 in the first tenth, then 90 to 91: the rest fills the frame. */
    const double x[] = {0, 10, 100}, y[] = {0, 90, 91};
    const rt_plot_line line = {.name = "a", .x = x, .y = y, .count = 3};
    const rt_plot plot = {
        .title = "t", .x_label = "x", .y_label = "y", .lines = &line, .line_count = 1};
    const char *path = rt_test_path("plot.png");
    rt_image image = {0};
    size_t early, late;
    cr_assert_eq(rt_plot_write_png(&plot, path), RT_OK, "%s", rt_error_message());
    cr_assert_eq(rt_image_read(&image, path), RT_OK, "%s", rt_error_message());
    const double at_30 = line_height(&image, 400, &early);
    const double at_90 = line_height(&image, 900, &late);
    cr_assert(early > 0 && late > 0);
    cr_assert_gt(at_30 - at_90, 50);
    rt_image_clear(&image);
}

Test(formats_plot, what_cannot_be_drawn_is_an_error)
{
    const double one[] = {1};
    const rt_plot_line empty = {.name = "a", .x = one, .y = one, .count = 0};
    const rt_plot_line dot = {.name = "a", .x = one, .y = one, .count = 1};
    rt_plot plot = {.title = "t", .x_label = "x", .y_label = "y", .lines = &empty, .line_count = 1};
    cr_assert_eq(rt_plot_write_png(&plot, rt_test_path("plot.png")), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "no point to draw"));
    plot.line_count = RT_PLOT_MAX_LINES + 1;
    cr_assert_eq(rt_plot_write_png(&plot, rt_test_path("plot.png")), RT_ERROR_INPUT);
    plot = (rt_plot){.title = "t", .x_label = "x", .y_label = "y", .lines = &dot, .line_count = 1};
    cr_assert_eq(rt_plot_write_png(&plot, rt_test_path("nowhere/plot.png")), RT_ERROR_IO);
    cr_assert_eq(rt_plot_write_png(&plot, rt_test_path("plot.png")), RT_OK); /* one dot is enough */
}
