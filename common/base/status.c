#include "common/base/status.h"

#include "common/base/escape.h"
#include "common/base/interrupt.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = 1024 };

static _Thread_local char error_message[MESSAGE_SIZE];

/* Both ends of the section "rt_fail_section", made by the linker. */
extern rt_fail_site __start_rt_fail_section[];
extern rt_fail_site __stop_rt_fail_section[];

rt_status rt_fail_at(rt_fail_site *site, rt_status status, const char *format, ...)
{
    __atomic_fetch_add(&site->reached, 1, __ATOMIC_RELAXED);
    /* Not straight into the message: an argument may be the earlier message itself. */
    char raw[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    rt_text_escape(error_message, sizeof error_message, raw);
    return status;
}

const char *rt_error_message(void) { return error_message; }

void rt_error_prefix(const char *format, ...)
{
    char raw[2 * MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, MESSAGE_SIZE, format, arguments);
    va_end(arguments);
    const size_t length = strlen(raw);
    snprintf(raw + length, sizeof raw - length, "%s", error_message);
    rt_text_escape(error_message, sizeof error_message, raw);
}

void rt_error_take(char *message, size_t size) { snprintf(message, size, "%s", error_message); }

void rt_error_give(const char *message)
{
    char raw[MESSAGE_SIZE]; /* `message` may be this thread's own */
    snprintf(raw, sizeof raw, "%s", message);
    rt_text_escape(error_message, sizeof error_message, raw);
}

int rt_status_exit_code(rt_status status)
{
    enum { SIGNAL_BASE = 128, SIGNAL_INTERRUPT = 2 };
    switch (status) {
    case RT_OK:
        return 0;
    case RT_ERROR_INPUT:
    case RT_ERROR_IO:
        return 2;
    case RT_ERROR_MEMORY:
    case RT_ERROR_DEVICE:
        return 3;
    case RT_ERROR_NUMERIC:
        return 4;
    case RT_ERROR_INTERNAL:
        return 70;
    case RT_ERROR_INTERRUPTED: {
        const int signal = rt_interrupt_signal();
        return SIGNAL_BASE + (signal != 0 ? signal : SIGNAL_INTERRUPT);
    }
    }
    return 70;
}

rt_fail_site *rt_fail_sites(size_t *count)
{
    *count = (size_t)(__stop_rt_fail_section - __start_rt_fail_section);
    return __start_rt_fail_section;
}
