#ifndef RT_BASE_LOG_LINE_H
#define RT_BASE_LOG_LINE_H

/**
 * What the log and the progress bar share: stderr, where a line must not run into a half-drawn bar.
 */

/** Draws `text` over the bar that stands on the terminal's last line; NULL takes the bar away. */
void rt_log_bar(const char *text);

#endif
