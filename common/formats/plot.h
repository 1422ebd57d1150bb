#ifndef RT_FORMATS_PLOT_H
#define RT_FORMATS_PLOT_H

/**
 * A chart of lines as a PNG file: axes with round numbers, a legend beside the frame, one colour
 * and dash a line, all told apart by the colour-blind too.
 *     const rt_plot plot = {.title = "...", .x_label = "images", .y_label = "accuracy in %",
 *                           .lines = lines, .line_count = 3};
 *     RT_TRY(rt_plot_write_png(&plot, "accuracy.png"));
 */

#include "common/base/memory.h"

enum { RT_PLOT_WIDTH = 1200, RT_PLOT_HEIGHT = 720, RT_PLOT_MAX_LINES = 64 };

typedef struct rt_plot_line {
    const char *name;         ///< in the legend
    const double *x, *y;      ///< [count], x ascending; finite
    const double *low, *high; ///< [count], a band around the line; NULL: none
    size_t count;             ///< a line of one point is a dot
} rt_plot_line;

typedef struct rt_plot {
    const char *title, *x_label, *y_label;
    const rt_plot_line *lines;
    size_t line_count; ///< up to RT_PLOT_MAX_LINES
} rt_plot;

/**
 * Draws and writes. The x axis begins at 0 (x is not negative). The y axis holds what the lines
 * reach in the last two thirds of the x axis: a steep beginning, which is alike for all, may
 * come in from below, and the differences at the end can be seen.
 * Errors: RT_ERROR_INPUT if there is no point or there are too many lines; RT_ERROR_MEMORY;
 * RT_ERROR_IO.
 */
RT_CHECKED rt_status rt_plot_write_png(const rt_plot *plot, const char *path);

/** The distance of round numbers (1, 2 or 5 times a power of ten) that gives a span at most `most`
 *  steps. `span` is positive. */
double rt_plot_step(double span, int most);

#endif
