#include "common/formats/plot.h"

#include "common/formats/png.h"

#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FRAME_LEFT = 96, FRAME_TOP = 64, FRAME_BOTTOM = RT_PLOT_HEIGHT - 84, LEGEND_GAP = 24 };
enum { LEGEND_SAMPLE = 44, LEGEND_WIDEST = 420, LEGEND_ROW = 26, RIGHT_MARGIN = 24, TICKS = 10 };
enum { SMALL = 17, LARGE = 21 }; /* font sizes */
enum { DOTTED = 50 };            /* points of a line up to which each has a dot */

typedef struct colour {
    double red, green, blue;
} colour;
/* Okabe and Ito's palette, which the colour-blind can tell apart; without its yellow, which is
 * faint on white. */
static const colour palette[] = {
    {0.000, 0.447, 0.698}, {0.835, 0.369, 0.000}, {0.000, 0.620, 0.451}, {0.800, 0.475, 0.655},
    {0.337, 0.706, 0.914}, {0.902, 0.624, 0.000}, {0.250, 0.250, 0.250},
};
/* A dash for each time the colours are used up. */
static const double dashes[][2] = {{1, 0}, {9, 5}, {2, 4}, {14, 3}};

typedef struct axis {
    double low, high, step;         ///< in the data's units
    double first_pixel, last_pixel; ///< where they lie
} axis;

typedef struct chart {
    const rt_plot *plot;
    cairo_t *cairo;
    axis x, y;
    double frame_right;
} chart;

double rt_plot_step(double span, int most)
{
    static const double factors[] = {1, 2, 5, 10};
    double power = pow(10, floor(log10(span / most)));
    for (size_t i = 0; i < RT_COUNT(factors); i++)
        if (span / (factors[i] * power) <= most * (1 + 1e-9)) return factors[i] * power;
    return 10 * power;
}

static double place(const axis *a, double value)
{
    return a->first_pixel +
           (value - a->low) / (a->high - a->low) * (a->last_pixel - a->first_pixel);
}

static rt_status measure_x(chart *c)
{
    size_t points = 0;
    for (size_t i = 0; i < c->plot->line_count; i++) {
        const rt_plot_line *line = &c->plot->lines[i];
        points += line->count;
        for (size_t k = 0; k < line->count; k++) c->x.high = fmax(c->x.high, line->x[k]);
    }
    if (points == 0) return rt_fail(RT_ERROR_INPUT, "no point to draw in '%s'", c->plot->title);
    if (c->x.high <= 0) c->x.high = 1;
    c->x.step = rt_plot_step(c->x.high, TICKS);
    c->x.high *= 1.02; /* the last points are whole */
    return RT_OK;
}

/* The value of a line at `x`, which lies between its points k - 1 and k. */
static double between(const rt_plot_line *line, const double *values, size_t k, double x)
{
    const double share = (x - line->x[k - 1]) / (line->x[k] - line->x[k - 1]);
    return values[k - 1] + share * (values[k] - values[k - 1]);
}

/* What the values reach at `from` and behind it. */
static void measure_values(axis *y, const rt_plot_line *line, const double *values, double from)
{
    for (size_t k = 0; values != NULL && k < line->count; k++) {
        if (line->x[k] < from) continue;
        y->low = fmin(y->low, values[k]);
        y->high = fmax(y->high, values[k]);
        if (k == 0 || line->x[k - 1] >= from) continue;
        const double entry = between(line, values, k, from);
        y->low = fmin(y->low, entry);
        y->high = fmax(y->high, entry);
    }
}

/* False if no line has anything at `from` or behind it. */
static bool measure_y(chart *c, double from)
{
    c->y.low = INFINITY;
    c->y.high = -INFINITY;
    for (size_t i = 0; i < c->plot->line_count; i++) {
        const rt_plot_line *line = &c->plot->lines[i];
        measure_values(&c->y, line, line->y, from);
        measure_values(&c->y, line, line->low, from);
        measure_values(&c->y, line, line->high, from);
    }
    return c->y.low <= c->y.high;
}

/* Round numbers at both ends, with some air. */
static void round_y(axis *y)
{
    const double centre = (y->low + y->high) / 2;
    double span = (y->high - y->low) * 1.08;
    if (span <= 1e-6 * fabs(centre) || span <= 0) span = fabs(centre) > 0 ? fabs(centre) / 5 : 1;
    y->step = rt_plot_step(span, TICKS);
    y->low = floor((centre - span / 2) / y->step) * y->step;
    y->high = ceil((centre + span / 2) / y->step) * y->step;
}

static void set_colour(cairo_t *cairo, size_t line, double opacity)
{
    const colour *chosen = &palette[line % RT_COUNT(palette)];
    cairo_set_source_rgba(cairo, chosen->red, chosen->green, chosen->blue, opacity);
}

static void set_line(cairo_t *cairo, size_t line)
{
    const size_t turn = line / RT_COUNT(palette) % RT_COUNT(dashes);
    set_colour(cairo, line, 1);
    cairo_set_line_width(cairo, 2.5);
    cairo_set_dash(cairo, dashes[turn], turn > 0 ? 2 : 0, 0);
}

static double text_width(cairo_t *cairo, const char *text)
{
    cairo_text_extents_t extents;
    cairo_text_extents(cairo, text, &extents);
    return extents.x_advance;
}

/* `align`: 0 begins at x, 0.5 is centred there, 1 ends there; y is the base line. */
static void draw_text(cairo_t *cairo, double x, double y, double align, const char *text)
{
    cairo_move_to(cairo, x - align * text_width(cairo, text), y);
    cairo_show_text(cairo, text);
}

/* A copy of `name` that is no wider than the legend's place: its end matters more than its middle.
 */
static void shorten(cairo_t *cairo, const char *name, double widest, char *text, size_t size)
{
    size_t cut = 0;
    const size_t length = strlen(name);
    snprintf(text, size, "%s", name);
    while (text_width(cairo, text) > widest && cut < length) {
        cut++;
        while ((name[cut] & 0xC0) == 0x80) cut++; /* whole characters of UTF-8 */
        snprintf(text, size, "\u2026%s", name + cut);
    }
}

static void place_frame(chart *c)
{
    double widest = 0;
    for (size_t i = 0; i < c->plot->line_count; i++)
        widest = fmax(widest, text_width(c->cairo, c->plot->lines[i].name));
    widest = fmin(widest, LEGEND_WIDEST) + LEGEND_SAMPLE;
    c->frame_right = RT_PLOT_WIDTH - RIGHT_MARGIN - widest - LEGEND_GAP;
    c->x.first_pixel = FRAME_LEFT;
    c->x.last_pixel = c->frame_right;
    c->y.first_pixel = FRAME_BOTTOM;
    c->y.last_pixel = FRAME_TOP;
}

/* 12,500 and 0.25: as many decimals as the step needs, thousands apart. */
static void write_number(char *text, size_t size, double value, double step)
{
    const int decimals = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    char plain[64];
    size_t length = 0;
    snprintf(plain, sizeof plain, "%.*f", decimals, fabs(value) < step / 1e6 ? 0 : value);
    const size_t whole = strcspn(plain, ".");
    for (size_t i = 0; plain[i] != '\0' && length + 2 < size; i++) {
        const size_t left = i < whole ? whole - i : 0;
        if (i > 0 && left > 0 && left % 3 == 0 && plain[i - 1] != '-') text[length++] = ',';
        text[length++] = plain[i];
    }
    text[length] = '\0';
}

static void draw_tick(const chart *c, const axis *a, double value)
{
    char number[64];
    const double at = round(place(a, value)) + 0.5; /* a line of one pixel is sharp there */
    write_number(number, sizeof number, value, a->step);
    cairo_set_source_rgb(c->cairo, 0.88, 0.88, 0.88);
    cairo_set_line_width(c->cairo, 1);
    if (a == &c->x) {
        cairo_move_to(c->cairo, at, FRAME_TOP);
        cairo_line_to(c->cairo, at, FRAME_BOTTOM);
    } else {
        cairo_move_to(c->cairo, FRAME_LEFT, at);
        cairo_line_to(c->cairo, c->frame_right, at);
    }
    cairo_stroke(c->cairo);
    cairo_set_source_rgb(c->cairo, 0.2, 0.2, 0.2);
    if (a == &c->x)
        draw_text(c->cairo, at, FRAME_BOTTOM + 26, 0.5, number);
    else
        draw_text(c->cairo, FRAME_LEFT - 10, at + 6, 1, number);
}

static void draw_axes(const chart *c)
{
    const axis *axes[] = {&c->x, &c->y};
    cairo_t *cairo = c->cairo;
    cairo_set_font_size(cairo, SMALL);
    for (size_t i = 0; i < RT_COUNT(axes); i++) {
        const axis *a = axes[i];
        const double first = ceil(a->low / a->step - 1e-9);
        for (int k = 0; (first + k) * a->step <= a->high * (1 + 1e-9); k++)
            draw_tick(c, a, (first + k) * a->step);
    }
    cairo_set_source_rgb(cairo, 0.2, 0.2, 0.2);
    cairo_rectangle(cairo, FRAME_LEFT + 0.5, FRAME_TOP + 0.5, floor(c->frame_right) - FRAME_LEFT,
                    FRAME_BOTTOM - FRAME_TOP);
    cairo_stroke(cairo);
    const double centre = (FRAME_LEFT + c->frame_right) / 2;
    draw_text(cairo, centre, RT_PLOT_HEIGHT - 24, 0.5, c->plot->x_label);
    cairo_save(cairo);
    cairo_translate(cairo, 30, (FRAME_TOP + FRAME_BOTTOM) / 2.0);
    cairo_rotate(cairo, -M_PI / 2);
    draw_text(cairo, 0, 0, 0.5, c->plot->y_label);
    cairo_restore(cairo);
    cairo_set_font_size(cairo, LARGE);
    draw_text(cairo, FRAME_LEFT, FRAME_TOP - 24, 0, c->plot->title);
    cairo_set_font_size(cairo, SMALL);
}

static void draw_band(const chart *c, size_t number)
{
    const rt_plot_line *line = &c->plot->lines[number];
    if (line->low == NULL || line->high == NULL || line->count < 2) return;
    for (size_t k = 0; k < line->count; k++)
        cairo_line_to(c->cairo, place(&c->x, line->x[k]), place(&c->y, line->high[k]));
    for (size_t k = line->count; k-- > 0;)
        cairo_line_to(c->cairo, place(&c->x, line->x[k]), place(&c->y, line->low[k]));
    cairo_close_path(c->cairo);
    set_colour(c->cairo, number, 0.15);
    cairo_fill(c->cairo);
}

static void draw_dot(const chart *c, const rt_plot_line *line, size_t k, double radius)
{
    cairo_arc(c->cairo, place(&c->x, line->x[k]), place(&c->y, line->y[k]), radius, 0, 2 * M_PI);
    cairo_fill(c->cairo);
}

static void draw_line(const chart *c, size_t number)
{
    const rt_plot_line *line = &c->plot->lines[number];
    set_line(c->cairo, number);
    for (size_t k = 0; k < line->count; k++)
        cairo_line_to(c->cairo, place(&c->x, line->x[k]), place(&c->y, line->y[k]));
    cairo_stroke(c->cairo);
    for (size_t k = 0; k < line->count && line->count <= DOTTED; k++)
        draw_dot(c, line, k, line->count == 1 ? 6 : 3.5);
}

static void draw_lines(const chart *c)
{
    cairo_t *cairo = c->cairo;
    cairo_save(cairo);
    cairo_rectangle(cairo, FRAME_LEFT, FRAME_TOP, c->frame_right - FRAME_LEFT,
                    FRAME_BOTTOM - FRAME_TOP);
    cairo_clip(cairo);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    for (size_t i = 0; i < c->plot->line_count; i++) draw_band(c, i);
    for (size_t i = 0; i < c->plot->line_count; i++) draw_line(c, i);
    cairo_restore(cairo);
}

static void draw_legend(const chart *c)
{
    cairo_t *cairo = c->cairo;
    const double left = c->frame_right + LEGEND_GAP;
    const double widest = RT_PLOT_WIDTH - RIGHT_MARGIN - left - LEGEND_SAMPLE;
    for (size_t i = 0; i < c->plot->line_count; i++) {
        char name[512];
        const double y = FRAME_TOP + 16 + (double)LEGEND_ROW * (double)i;
        if (y > RT_PLOT_HEIGHT) break;
        shorten(cairo, c->plot->lines[i].name, widest + 1, name, sizeof name);
        set_line(cairo, i);
        cairo_move_to(cairo, left, y - 6);
        cairo_line_to(cairo, left + LEGEND_SAMPLE - 10, y - 6);
        cairo_stroke(cairo);
        cairo_set_source_rgb(cairo, 0.2, 0.2, 0.2);
        draw_text(cairo, left + LEGEND_SAMPLE, y, 0, name);
    }
}

static rt_status draw(chart *c)
{
    cairo_t *cairo = c->cairo;
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, SMALL);
    RT_TRY(measure_x(c));
    if (!measure_y(c, c->x.high / 3)) measure_y(c, 0);
    round_y(&c->y);
    place_frame(c);
    draw_axes(c);
    draw_lines(c);
    draw_legend(c);
    return RT_OK;
}

/* Cairo's pixels are 32-bit words of blue, green, red in the machine's order. */
static rt_status write_surface(cairo_surface_t *surface, const char *path)
{
    rt_image image = {.height = RT_PLOT_HEIGHT, .width = RT_PLOT_WIDTH, .channels = 3};
    RT_TRY(RT_ALLOC(image.pixels, (size_t)3 * RT_PLOT_WIDTH * RT_PLOT_HEIGHT));
    cairo_surface_flush(surface);
    const uint8_t *rows = cairo_image_surface_get_data(surface);
    const size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    uint8_t *pixel = image.pixels;
    for (size_t y = 0; y < RT_PLOT_HEIGHT; y++) {
        for (size_t x = 0; x < RT_PLOT_WIDTH; x++) {
            uint32_t word;
            memcpy(&word, rows + y * stride + x * sizeof word, sizeof word);
            *pixel++ = (uint8_t)(word >> 16);
            *pixel++ = (uint8_t)(word >> 8);
            *pixel++ = (uint8_t)word;
        }
    }
    const rt_status status = rt_png_write(&image, path);
    rt_image_clear(&image);
    return status;
}

rt_status rt_plot_write_png(const rt_plot *plot, const char *path)
{
    rt_status status = RT_OK;
    chart c = {.plot = plot};
    if (plot->line_count > RT_PLOT_MAX_LINES)
        return rt_fail(RT_ERROR_INPUT, "%zu lines are more than the %d that a plot has room for",
                       plot->line_count, RT_PLOT_MAX_LINES);
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, RT_PLOT_WIDTH, RT_PLOT_HEIGHT);
    c.cairo = cairo_create(surface);
    RT_TRY_DONE(draw(&c));
    if (cairo_status(c.cairo) != CAIRO_STATUS_SUCCESS) {
        status = rt_fail(RT_ERROR_MEMORY, "cannot draw '%s': %s", path,
                         cairo_status_to_string(cairo_status(c.cairo)));
        goto done;
    }
    RT_TRY_DONE(write_surface(surface, path));
done:
    cairo_destroy(c.cairo);
    cairo_surface_destroy(surface);
    return status;
}
