#ifndef RT_BASE_LOG_H
#define RT_BASE_LOG_H

/**
 * Messages for people, on stderr: results go to stdout, errors are returned, not logged.
 */

#include <stdbool.h>

/** Hides everything but warnings (--quiet). */
void rt_log_set_quiet(bool quiet);
bool rt_log_is_quiet(void);
/** A line of information; nothing when quiet. */
void rt_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** A line that begins with "warning: "; shown even when quiet. */
void rt_log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
