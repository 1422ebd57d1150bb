#include "common/base/progress.h"

#include "common/base/log.h"
#include "common/base/log_line.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 512, BAR_WIDTH = 24, FALLBACK_COLUMNS = 80 };
static const double redraw_seconds = 0.1; /* on a terminal */
static const double line_seconds = 10;    /* elsewhere: a log file should stay readable */

double rt_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* "2:05" or "1:02:05" */
static void format_duration(char text[32], double seconds)
{
    const uint64_t whole = (uint64_t)(seconds + 0.5);
    const uint64_t hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours > 0)
        snprintf(text, 32, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, hours, minutes, whole % 60);
    else
        snprintf(text, 32, "%" PRIu64 ":%02" PRIu64, minutes, whole % 60);
}

/* "distill  45 %  9/20  3.1/s  0:04 left  loss 0.31", with a bar behind the label if `bar`. */
static void format_line(const rt_progress *progress, double now, const char *note, bool bar,
                        char line[LINE_SIZE])
{
    const double elapsed = now - progress->started_seconds;
    const uint64_t done = progress->done, total = progress->total;
    const uint64_t fresh = done > progress->first ? done - progress->first : 0;
    const double rate = elapsed > 0 ? (double)fresh / elapsed : 0;
    char drawing[64] = "", share[16] = "", left[48] = "", speed[48] = "";
    if (total > 0) {
        const double fraction = done < total ? (double)done / (double)total : 1;
        snprintf(share, sizeof share, "%3.0f %%  ", floor(100 * fraction));
        if (bar) {
            const int filled = (int)(BAR_WIDTH * fraction);
            snprintf(drawing, sizeof drawing, "[%.*s%.*s]  ", filled, "########################",
                     BAR_WIDTH - filled, "------------------------");
        }
    }
    if (rate > 0) snprintf(speed, sizeof speed, "  %.*f/s", rate < 100 ? 1 : 0, rate);
    if (rate > 0 && done < total) {
        char duration[32];
        format_duration(duration, (double)(total - done) / rate);
        snprintf(left, sizeof left, "  %s left", duration);
    }
    char counts[64];
    if (total > 0)
        snprintf(counts, sizeof counts, "%" PRIu64 "/%" PRIu64, done, total);
    else
        snprintf(counts, sizeof counts, "%" PRIu64, done);
    snprintf(line, LINE_SIZE, "%s  %s%s%s%s%s%s%s", progress->label, drawing, share, counts, speed,
             left, note != NULL ? "  " : "", note != NULL ? note : "");
}

static void draw(rt_progress *progress, double now, const char *note)
{
    char line[LINE_SIZE];
    progress->drawn_seconds = now;
    format_line(progress, now, note, progress->terminal, line);
    if (!progress->terminal) {
        rt_log("%s", line);
        return;
    }
    /* Cut to the terminal: a wrapped line could not be drawn over. */
    struct winsize window;
    size_t columns = FALLBACK_COLUMNS;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1)
        columns = window.ws_col;
    if (strlen(line) >= columns && columns <= LINE_SIZE) line[columns - 1] = 0;
    rt_log_bar(line);
}

void rt_progress_begin(rt_progress *progress, const char *label, uint64_t total, uint64_t first)
{
    const char *terminal = getenv("TERM");
    const bool capable = terminal == NULL || strcmp(terminal, "dumb") != 0;
    const double now = rt_seconds();
    *progress = (rt_progress){
        .label = label,
        .total = total,
        .first = first,
        .done = first,
        .started_seconds = now,
        .drawn_seconds = now,
        .terminal = isatty(STDERR_FILENO) && capable,
    };
}

void rt_progress_update(rt_progress *progress, uint64_t done, const char *note)
{
    progress->done = done;
    if (rt_log_is_quiet()) return;
    const double now = rt_seconds();
    const double pause = progress->terminal ? redraw_seconds : line_seconds;
    if (now - progress->drawn_seconds >= pause) draw(progress, now, note);
}

void rt_progress_say(rt_progress *progress, const char *note)
{
    if (!rt_log_is_quiet()) draw(progress, rt_seconds(), note);
}

void rt_progress_end(rt_progress *progress)
{
    if (rt_log_is_quiet()) return;
    char duration[32];
    format_duration(duration, rt_seconds() - progress->started_seconds);
    if (progress->terminal) rt_log_bar(NULL);
    rt_log("%s  %" PRIu64 " done in %s", progress->label, progress->done, duration);
}
