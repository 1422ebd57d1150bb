#ifndef RT_BASE_PROGRESS_H
#define RT_BASE_PROGRESS_H

/**
 * A progress bar with rate and time left on a terminal; elsewhere a plain line now and then.
 *     rt_progress progress;
 *     rt_progress_begin(&progress, "distill", steps, 0);
 *     rt_progress_update(&progress, done, "loss 0.31");   // cheap: draws at most 10 times a second
 *     rt_progress_end(&progress);
 * Draws on stderr and nothing at all when rt_log is quiet.
 */

#include <stdint.h>

typedef struct rt_progress {
    const char *label; ///< kept, not copied
    uint64_t total;
    uint64_t first; ///< where a resumed stage began: the rate counts from there
    uint64_t done;
    double started_seconds;
    double drawn_seconds;
    int terminal;
} rt_progress;

void rt_progress_begin(rt_progress *progress, const char *label, uint64_t total, uint64_t first);
/** `note` may be NULL. */
void rt_progress_update(rt_progress *progress, uint64_t done, const char *note);
/** Draws a line at once, before something that takes long: what is going on. */
void rt_progress_say(rt_progress *progress, const char *note);
void rt_progress_end(rt_progress *progress);

/** Seconds of a clock that only goes forward. */
double rt_seconds(void);

#endif
