#ifndef RT_BASE_METRICS_H
#define RT_BASE_METRICS_H

/**
 * Reading a run's metrics.csv back, row by row: a line of names, then rows whose fields hold
 * neither quotes nor commas; a field may be empty. A row under way (without its line's end) is not
 * there yet.
 *     RT_TRY(rt_metrics_open(&metrics, path));
 *     const int loss = rt_metrics_column(&metrics, "loss");
 *     while (rt_metrics_next(&metrics))
 *         use(rt_metrics_number(&metrics, loss));
 *     rt_metrics_close(&metrics);
 */

#include "common/base/memory.h"

enum { RT_METRICS_MAX_COLUMNS = 256 };

/** `= {0}` is a valid empty one. */
typedef struct rt_metrics {
    rt_buffer text;
    const char *names[RT_METRICS_MAX_COLUMNS];
    const char *fields[RT_METRICS_MAX_COLUMNS]; ///< of the present row; NULL where it is too short
    int columns;
    char *rest; ///< rows to come
} rt_metrics;

/** Reads the file and its names; a file that is missing or has no whole line has no columns and no
 *  rows. Errors: RT_ERROR_INPUT for more than 1 GiB; RT_ERROR_IO. */
RT_CHECKED rt_status rt_metrics_open(rt_metrics *metrics, const char *path);
void rt_metrics_close(rt_metrics *metrics);

/** The column's number, or -1. */
int rt_metrics_column(const rt_metrics *metrics, const char *name);
/** Goes to the next row (the first at first); false behind the last one. */
bool rt_metrics_next(rt_metrics *metrics);
/** A field of the present row; "" for what is not there. */
const char *rt_metrics_text(const rt_metrics *metrics, int column);
/** The same as a number; NaN for what is none. */
double rt_metrics_number(const rt_metrics *metrics, int column);

#endif
