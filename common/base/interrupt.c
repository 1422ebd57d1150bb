#include "common/base/interrupt.h"

#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static atomic_int received;
static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may touch lock-free atomics only");

static void on_signal(int signal)
{
    int none = 0;
    if (!atomic_compare_exchange_strong(&received, &none, signal)) _exit(128 + signal);
}

void rt_interrupt_install(void)
{
    /* SA_RESTART: libraries that do not expect EINTR are left in peace; we look at the flag. */
    struct sigaction stop = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&stop.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
}

int rt_interrupt_signal(void) { return atomic_load(&received); }

rt_status rt_interrupt_check(void)
{
    return rt_interrupt_signal() == 0 ? RT_OK : rt_fail(RT_ERROR_INTERRUPTED, "interrupted");
}
