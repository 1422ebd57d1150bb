#include "student/evaluation_history.h"

#include "common/base/metrics.h"

#include <math.h>

rt_status rt_evaluation_history_add(rt_evaluation_history *history,
                                    const rt_evaluation_point *point)
{
    if (history->count == history->capacity) {
        const size_t capacity = 2 * history->capacity + 16;
        rt_evaluation_point *points = rt_realloc(history->points, capacity, sizeof *points);
        if (points == NULL) return RT_ERROR_MEMORY;
        history->points = points;
        history->capacity = capacity;
    }
    history->points[history->count++] = *point;
    return RT_OK;
}

rt_status rt_evaluation_history_read(rt_evaluation_history *history, const char *path)
{
    rt_status status = RT_OK;
    rt_metrics metrics;
    RT_TRY(rt_metrics_open(&metrics, path));
    const int step = rt_metrics_column(&metrics, "step");
    const int accuracy = rt_metrics_column(&metrics, "evaluate.accuracy");
    const int images = rt_metrics_column(&metrics, "evaluate.images");
    const int seconds = rt_metrics_column(&metrics, "evaluate.seconds");
    while (status == RT_OK && rt_metrics_next(&metrics)) {
        const double last_step = rt_metrics_number(&metrics, step);
        const rt_evaluation_point point = {
            .steps = last_step >= 0 && last_step < 1e15 ? (uint64_t)last_step + 1 : 0,
            .accuracy = rt_metrics_number(&metrics, accuracy),
            .images = rt_metrics_number(&metrics, images),
            .seconds = rt_metrics_number(&metrics, seconds),
        };
        if (point.steps > 0 && isfinite(point.accuracy) && isfinite(point.images) &&
            isfinite(point.seconds))
            status = rt_evaluation_history_add(history, &point);
    }
    rt_metrics_close(&metrics);
    return status;
}

void rt_evaluation_history_clear(rt_evaluation_history *history)
{
    rt_free(history->points);
    *history = (rt_evaluation_history){0};
}

rt_evaluation_digest rt_evaluation_history_digest(const rt_evaluation_history *history)
{
    const double unknown = (double)NAN;
    const size_t count = history->count;
    rt_evaluation_digest digest = {count, unknown, unknown, unknown};
    if (count == 0) return digest;
    const size_t first = count > RT_EVALUATION_LAST ? count - RT_EVALUATION_LAST : 0;
    double sum = 0, best = 0;
    for (size_t i = 0; i < count; i++) {
        if (i >= first) sum += history->points[i].accuracy;
        if (history->points[i].accuracy > best) best = history->points[i].accuracy;
    }
    digest.last = history->points[count - 1].accuracy;
    digest.mean_of_last = sum / (double)(count - first);
    digest.best = best;
    return digest;
}

rt_status rt_evaluation_point_print(const rt_evaluation_point *point, rt_buffer *row)
{
    if (point == NULL) return rt_buffer_printf(row, ",,,");
    return rt_buffer_printf(row, ",%.6g,%.0f,%010.2f", point->accuracy, point->images,
                            point->seconds);
}
