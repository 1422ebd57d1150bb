#include "common/base/metrics.h"

#include "common/base/config.h"
#include "common/base/io.h"

#include <math.h>
#include <string.h>

enum { METRICS_LIMIT = 1 << 30 };

/* Cuts the first line off `*rest` and into fields; false if there is no whole line. */
static bool cut_line(char **rest, const char **fields, int *count)
{
    char *line = *rest, *end = line != NULL ? strchr(line, '\n') : NULL;
    *count = 0;
    if (end == NULL) return false;
    *end = '\0';
    *rest = end + 1;
    while (line != NULL && *count < RT_METRICS_MAX_COLUMNS) {
        char *comma = strchr(line, ',');
        if (comma != NULL) *comma = '\0';
        fields[(*count)++] = line;
        line = comma != NULL ? comma + 1 : NULL;
    }
    return true;
}

rt_status rt_metrics_open(rt_metrics *metrics, const char *path)
{
    *metrics = (rt_metrics){0};
    if (!rt_file_exists(path)) return RT_OK;
    RT_TRY(rt_file_read(&metrics->text, path, METRICS_LIMIT));
    metrics->rest = (char *)metrics->text.data;
    cut_line(&metrics->rest, metrics->names, &metrics->columns);
    return RT_OK;
}

void rt_metrics_close(rt_metrics *metrics)
{
    rt_buffer_clear(&metrics->text);
    *metrics = (rt_metrics){0};
}

int rt_metrics_column(const rt_metrics *metrics, const char *name)
{
    for (int i = 0; i < metrics->columns; i++)
        if (strcmp(metrics->names[i], name) == 0) return i;
    return -1;
}

bool rt_metrics_next(rt_metrics *metrics)
{
    int count;
    if (!cut_line(&metrics->rest, metrics->fields, &count)) return false;
    for (int i = count; i < metrics->columns; i++) metrics->fields[i] = NULL;
    return true;
}

const char *rt_metrics_text(const rt_metrics *metrics, int column)
{
    if (column < 0 || metrics->fields[column] == NULL) return "";
    return metrics->fields[column];
}

double rt_metrics_number(const rt_metrics *metrics, int column)
{
    double number;
    return rt_parse_number(rt_metrics_text(metrics, column), &number) ? number : (double)NAN;
}
