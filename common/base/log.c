#include "common/base/log.h"

#include "common/base/escape.h"
#include "common/base/log_line.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

enum { LINE_SIZE = 4096 };
static const char clear_line[] = "\r\033[K";

static atomic_bool quiet;
static pthread_mutex_t drawing = PTHREAD_MUTEX_INITIALIZER;
static bool bar_stands; /* under `drawing` */

void rt_log_set_quiet(bool value) { atomic_store(&quiet, value); }

bool rt_log_is_quiet(void) { return atomic_load(&quiet); }

/* One fprintf a line: lines of several threads or processes do not mix. */
static void print_line(const char *head, const char *format, va_list arguments)
{
    char raw[LINE_SIZE];
    char line[LINE_SIZE];
    vsnprintf(raw, sizeof raw, format, arguments);
    rt_text_escape(line, sizeof line, raw);
    pthread_mutex_lock(&drawing);
    fprintf(stderr, "%s%s%s\n", bar_stands ? clear_line : "", head, line);
    bar_stands = false;
    pthread_mutex_unlock(&drawing);
}

void rt_log(const char *format, ...)
{
    if (rt_log_is_quiet()) return;
    va_list arguments;
    va_start(arguments, format);
    print_line("", format, arguments);
    va_end(arguments);
}

void rt_log_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line("warning: ", format, arguments);
    va_end(arguments);
}

void rt_log_bar(const char *text)
{
    pthread_mutex_lock(&drawing);
    if (text != NULL || bar_stands) fprintf(stderr, "%s%s", clear_line, text != NULL ? text : "");
    bar_stands = text != NULL;
    pthread_mutex_unlock(&drawing);
}
