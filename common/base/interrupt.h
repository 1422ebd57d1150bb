#ifndef RT_BASE_INTERRUPT_H
#define RT_BASE_INTERRUPT_H

/**
 * SIGINT and SIGTERM: long work finishes its step, writes its checkpoint and returns
 * RT_ERROR_INTERRUPTED. A second signal ends the program at once. SIGPIPE and SIGXFSZ are ignored
 * (a write then fails with an error of its own).
 */

#include "common/base/status.h"

void rt_interrupt_install(void);
/** The signal that asked to stop, or 0. */
int rt_interrupt_signal(void);
/** RT_ERROR_INTERRUPTED (message: interrupted) when a signal came, else RT_OK. */
RT_CHECKED rt_status rt_interrupt_check(void);

#endif
