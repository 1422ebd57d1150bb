#include "generator/round_log.h"

#include "common/formats/grid.h"

#include <stdio.h>

static rt_status add_names(rt_buffer *text, const char *const *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) RT_TRY(rt_buffer_printf(text, ",%s", names[i]));
    return RT_OK;
}

/* A table of synthesis alone. A row is a step's, or a round's: the other columns are empty. */
static rt_status write_row(rt_round_log *log, const rt_synthesis_step *step, uint32_t round,
                           const rt_round_measures *measures)
{
    rt_status status = RT_OK;
    rt_buffer header = {0}, row = {0};
    const rt_synthesis_terms *terms = rt_synthesizer_terms(log->synthesizer);
    RT_TRY_DONE(rt_buffer_printf(&header, "round,step,loss"));
    RT_TRY_DONE(add_names(&header, terms->names, terms->count));
    RT_TRY_DONE(add_names(&header, rt_round_measure_names, RT_COUNT(rt_round_measure_names)));
    if (step != NULL)
        RT_TRY_DONE(rt_buffer_printf(&row, "%u,%u,%.6g", round, step->step, (double)step->loss));
    else
        RT_TRY_DONE(rt_buffer_printf(&row, "%u,,", round));
    for (uint32_t i = 0; i < terms->count; i++)
        if (step != NULL)
            RT_TRY_DONE(rt_buffer_printf(&row, ",%.6g", (double)step->terms[i]));
        else
            RT_TRY_DONE(rt_buffer_printf(&row, ","));
    RT_TRY_DONE(rt_round_measures_print(measures, &row));
    RT_TRY_DONE(rt_run_metrics(log->run, (const char *)header.data, "%s", (const char *)row.data));
done:
    rt_buffer_clear(&header);
    rt_buffer_clear(&row);
    return status;
}

static rt_status step_done(void *state, const rt_synthesis_step *step)
{
    rt_round_log *log = state;
    char note[96];
    snprintf(note, sizeof note, "round %u, synthesis loss %.3f", step->round + 1,
             (double)step->loss);
    const uint32_t done = step->step + 1, steps = log->generator_steps + log->student_steps;
    rt_progress_update(log->progress, (uint64_t)step->round * steps + done, note);
    if (done % log->log_interval == 0 || done == log->generator_steps)
        return log->row != NULL ? log->row(log->row_state, step)
                                : write_row(log, step, step->round, NULL);
    return RT_OK;
}

static rt_status round_done(void *state, uint32_t round, const rt_round_measures *measures)
{
    rt_round_log *log = state;
    if (log->round_row != NULL) return log->round_row(log->row_state, round, measures);
    return write_row(log, NULL, round, measures);
}

rt_synthesis_listener rt_round_log_listener(rt_round_log *log)
{
    return (rt_synthesis_listener){.state = log, .step_done = step_done, .round_done = round_done};
}

enum { PICTURE_ROWS = 10, PICTURE_COLUMNS = 10 };

/* One row a class (the first ten), images of a class in their order. */
static void choose_cells(const int32_t *labels, uint32_t samples, int64_t *cells)
{
    uint32_t filled[PICTURE_ROWS] = {0};
    for (int i = 0; i < PICTURE_ROWS * PICTURE_COLUMNS; i++) cells[i] = -1;
    for (uint32_t i = 0; i < samples; i++) {
        const int32_t label = labels[i];
        if (label < 0 || label >= PICTURE_ROWS || filled[label] == PICTURE_COLUMNS) continue;
        cells[label * PICTURE_COLUMNS + (int32_t)filled[label]++] = i;
    }
}

rt_status rt_round_log_picture(rt_round_log *log, uint32_t round, uint32_t samples,
                               const rt_network_description *description)
{
    int64_t cells[PICTURE_ROWS * PICTURE_COLUMNS];
    char name[64];
    const char *folder = rt_run_path(log->run, "samples");
    snprintf(name, sizeof name, "samples/round-%04u.png", round + 1);
    const char *path = rt_run_path(log->run, name);
    if (folder == NULL || path == NULL) return RT_ERROR_MEMORY;
    RT_TRY(rt_directory_create(folder));
    choose_cells(rt_synthesizer_labels(log->synthesizer), samples, cells);
    const rt_grid grid = {.images = rt_synthesizer_images(log->synthesizer),
                          .count = samples,
                          .height = description->height,
                          .width = description->width,
                          .channels = description->channels,
                          .rows = PICTURE_ROWS,
                          .columns = PICTURE_COLUMNS,
                          .cells = cells};
    return rt_grid_write_png(path, &grid);
}
