/* The pictures of a comparison: accuracy against images and against seconds. */
#include "common/base/escape.h"
#include "common/base/io.h"
#include "common/cli/compare.h"
#include "common/formats/plot.h"

#include <math.h>
#include <string.h>

typedef double (*coordinate)(const rt_evaluation_point *point);
static double images(const rt_evaluation_point *point) { return point->images; }
static double seconds(const rt_evaluation_point *point) { return point->seconds; }

/* Whether a run belongs to its group's line. */
static bool drawn(const rt_compared_group *group, size_t i)
{
    return rt_compared_counts(group, i) && group->runs[i]->history.count > 0;
}

/* Evaluations that all of those have. */
static size_t shared_points(const rt_compared_group *group)
{
    size_t shared = 0;
    for (size_t i = 0; i < group->run_count; i++) {
        const size_t count = group->runs[i]->history.count;
        if (drawn(group, i) && (shared == 0 || count < shared)) shared = count;
    }
    return shared;
}

/* The means of the group's evaluations, one after another, and the range of their accuracy. */
static rt_status make_line(const rt_comparison *c, const rt_compared_group *group, coordinate of,
                           rt_plot_line *line)
{
    const size_t count = shared_points(group);
    double *numbers = rt_arena_alloc(c->arena, 4 * count, sizeof *numbers);
    char *name = rt_arena_alloc(c->arena, 1, 256);
    if (numbers == NULL || name == NULL) return RT_ERROR_MEMORY;
    double *x = numbers, *y = x + count, *low = y + count, *high = low + count;
    for (size_t k = 0; k < count; k++) {
        double members = 0;
        low[k] = high[k] = (double)NAN;
        for (size_t i = 0; i < group->run_count; i++) {
            const rt_evaluation_history *history = &group->runs[i]->history;
            if (!drawn(group, i)) continue;
            const double accuracy = 100 * history->points[k].accuracy;
            x[k] += of(&history->points[k]);
            y[k] += accuracy;
            low[k] = fmin(low[k], accuracy); /* of NaN and a number the number */
            high[k] = fmax(high[k], accuracy);
            members++;
        }
        x[k] /= members;
        y[k] /= members;
    }
    rt_text_escape(name, 256, group->name);
    const bool band = group->run_count > 1;
    *line = (rt_plot_line){.name = name,
                           .x = x,
                           .y = y,
                           .low = band ? low : NULL,
                           .high = band ? high : NULL,
                           .count = count};
    return RT_OK;
}

static rt_status draw(const rt_comparison *c, const rt_plot *texts, coordinate of, const char *path)
{
    rt_plot plot = *texts;
    rt_plot_line *lines = rt_arena_alloc(c->arena, c->group_count, sizeof *lines);
    if (lines == NULL) return RT_ERROR_MEMORY;
    for (size_t i = 0; i < c->group_count; i++)
        if (shared_points(&c->groups[i]) > 0)
            RT_TRY(make_line(c, &c->groups[i], of, &lines[plot.line_count++]));
    if (plot.line_count == 0)
        return rt_fail(RT_ERROR_INPUT, "nothing to draw: none of these runs was evaluated; set "
                                       "evaluation_store, and evaluation_interval for a curve");
    plot.lines = lines;
    return rt_plot_write_png(&plot, path);
}

rt_status rt_compare_draw(const rt_comparison *c, const char *folder, rt_command *command)
{
    const char *by_images = rt_path_join(c->arena, folder, "accuracy-by-images.png");
    const char *by_seconds = rt_path_join(c->arena, folder, "accuracy-by-seconds.png");
    if (by_images == NULL || by_seconds == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_directory_create(folder));
    const char *of = c->grouped ? "Accuracy of the student: mean and range over seeds"
                                : "Accuracy of the student";
    const rt_plot against_images = {.title = of, .x_label = "images", .y_label = "accuracy in %"};
    const rt_plot against_seconds = {
        .title = of, .x_label = "seconds of synthesis and training", .y_label = "accuracy in %"};
    RT_TRY(draw(c, &against_images, images, by_images));
    RT_TRY(draw(c, &against_seconds, seconds, by_seconds));
    RT_TRY(rt_command_result_text(command, "png_images", by_images));
    return rt_command_result_text(command, "png_seconds", by_seconds);
}
