#include "common/base/interrupt.h"
#include "tests/base/support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_signal(int signal)
{
    rt_interrupt_install();
    cr_assert_eq(rt_interrupt_signal(), 0);
    cr_assert_eq(rt_interrupt_check(), RT_OK);
    raise(signal);
    cr_assert_eq(rt_interrupt_signal(), signal);
    cr_assert_eq(rt_interrupt_check(), RT_ERROR_INTERRUPTED);
    cr_assert_str_eq(rt_error_message(), "interrupted");
    cr_assert_eq(rt_status_exit_code(RT_ERROR_INTERRUPTED), 128 + signal);
}

Test(base_interrupt, interrupt_is_remembered) { check_signal(SIGINT); }

Test(base_interrupt, termination_is_remembered) { check_signal(SIGTERM); }

Test(base_interrupt, second_signal_ends_at_once)
{
    const int signals[][2] = {{SIGINT, SIGINT}, {SIGINT, SIGTERM}, {SIGTERM, SIGINT}};
    for (size_t i = 0; i < RT_COUNT(signals); i++) {
        const pid_t child = fork();
        if (child == 0) {
            rt_interrupt_install();
            raise(signals[i][0]);
            raise(signals[i][1]);
            _exit(0);
        }
        int result;
        cr_assert_eq(waitpid(child, &result, 0), child);
        cr_assert(WIFEXITED(result));
        cr_assert_eq(WEXITSTATUS(result), 128 + signals[i][1]);
    }
}

Test(base_interrupt, writing_into_a_closed_pipe_is_an_error_not_an_end)
{
    int ends[2];
    rt_interrupt_install();
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    cr_assert_eq(write(ends[1], "x", 1), -1);
    cr_assert_eq(errno, EPIPE);
}
