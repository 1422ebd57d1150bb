#include "generator/round_log.h"

#include "common/formats/grid.h"

#include <stdio.h>

static rt_status write_row(rt_round_log *log, const rt_synthesis_step *step)
{
    const rt_synthesis_terms *terms = rt_synthesizer_terms(log->synthesizer);
    char header[512], row[512];
    int header_length = snprintf(header, sizeof header, "round,step,loss");
    int row_length =
        snprintf(row, sizeof row, "%u,%u,%.6g", step->round, step->step, (double)step->loss);
    for (uint32_t i = 0; i < terms->count; i++) {
        header_length += snprintf(header + header_length, sizeof header - (size_t)header_length,
                                  ",%s", terms->names[i]);
        row_length += snprintf(row + row_length, sizeof row - (size_t)row_length, ",%.6g",
                               (double)step->terms[i]);
    }
    return rt_run_metrics(log->run, header, "%s", row);
}

static rt_status step_done(void *state, const rt_synthesis_step *step)
{
    rt_round_log *log = state;
    char note[96];
    snprintf(note, sizeof note, "round %u, synthesis loss %.3f", step->round + 1,
             (double)step->loss);
    rt_progress_update(log->progress, (uint64_t)step->round * log->steps_a_round + step->step + 1,
                       note);
    if (log->log_interval > 0 && (step->step + 1) % log->log_interval == 0)
        return log->row != NULL ? log->row(log->row_state, step) : write_row(log, step);
    return RT_OK;
}

rt_synthesis_listener rt_round_log_listener(rt_round_log *log)
{
    return (rt_synthesis_listener){.state = log, .step_done = step_done};
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
