#include "common/base/log.h"
#include "common/base/progress.h"
#include "tests/base/support.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int saved;

/* Sends stderr into a file until captured() gives what came. */
static void capture(void)
{
    fflush(stderr);
    saved = dup(STDERR_FILENO);
    const int file = open(rt_test_path("stderr"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(dup2(file, STDERR_FILENO), 0);
    close(file);
}

static const char *captured(void)
{
    static char text[8192];
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    FILE *file = fopen(rt_test_path("stderr"), "rb");
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

Test(base_log, lines_and_warnings)
{
    capture();
    rt_log("step %d", 3);
    rt_log_warning("file '%s'", "a\x1b[2J\nb");
    rt_log_set_quiet(true);
    const bool quiet = rt_log_is_quiet();
    rt_log("hidden");
    rt_log_warning("shown");
    const char *text = captured();
    cr_assert(quiet);
    cr_assert_str_eq(text, "step 3\nwarning: file 'a\\x1b[2J\\x0ab'\nwarning: shown\n");
}

static void wait_tenths(int tenths)
{
    const struct timespec pause = {.tv_nsec = 105000000};
    for (int i = 0; i < tenths; i++) nanosleep(&pause, NULL);
}

Test(base_log, progress_in_a_file_is_plain)
{
    rt_progress progress;
    capture();
    rt_progress_begin(&progress, "distill", 20, 4);
    rt_progress_say(&progress, "compiling");
    rt_progress_update(&progress, 5, NULL); /* too early for a line */
    progress.drawn_seconds -= 11;           /* as if ten seconds had passed */
    progress.started_seconds = rt_seconds() - 10;
    rt_progress_update(&progress, 9, "loss 0.31");
    rt_progress_end(&progress);
    const char *text = captured();
    /* five steps in ten seconds, 0.5 a second: the first four were another run's */
    cr_assert_str_eq(text, "distill   20 %  4/20  compiling\n"
                           "distill   45 %  9/20  0.5/s  0:22 left  loss 0.31\n"
                           "distill  9 done in 0:10\n");
}

Test(base_log, progress_is_hidden_when_quiet)
{
    rt_progress progress;
    rt_log_set_quiet(true);
    capture();
    rt_progress_begin(&progress, "distill", 20, 0);
    rt_progress_say(&progress, "compiling");
    progress.drawn_seconds -= 100;
    rt_progress_update(&progress, 9, NULL);
    rt_progress_end(&progress);
    cr_assert_str_eq(captured(), "");
}

Test(base_log, progress_on_a_terminal_is_a_bar)
{
    int master, terminal;
    const struct winsize window = {.ws_row = 20, .ws_col = 60};
    cr_assert_eq(openpty(&master, &terminal, NULL, NULL, &window), 0);
    setenv("TERM", "xterm", 1);
    const int before = dup(STDERR_FILENO);
    dup2(terminal, STDERR_FILENO);
    rt_progress progress;
    rt_progress_begin(&progress, "train", 100, 0);
    wait_tenths(1);
    rt_progress_update(&progress, 50, "a note that is too long for this terminal of sixty columns");
    rt_progress_update(&progress, 51, "too early");
    rt_log("a line");
    wait_tenths(1);
    rt_progress_update(&progress, 100, NULL);
    rt_progress_end(&progress);
    dup2(before, STDERR_FILENO);
    char text[4096];
    size_t size = 0;
    ssize_t count;
    close(terminal); /* so that the reading ends */
    while ((count = read(master, text + size, sizeof text - 1 - size)) > 0) size += (size_t)count;
    text[size] = 0;
    static const char bar[] = "\r\033[Ktrain  [############------------]   50 %  50/100";
    cr_assert_eq(strncmp(text, bar, strlen(bar)), 0);
    const char *next = strstr(text, "\r\033[Ka line\r\n"); /* the bar makes way for a line */
    cr_assert_not_null(next);
    cr_assert_leq(next - text, 4 + 59);
    cr_assert_null(strstr(text, "too early"));
    cr_assert_not_null(strstr(text, "[########################]  100 %  100/100"));
    cr_assert_not_null(strstr(text, "\r\033[Ktrain  100 done in 0:00\r\n"));
}

Test(base_log, clock_goes_forward)
{
    const double first = rt_seconds();
    wait_tenths(1);
    cr_assert_gt(rt_seconds(), first + 0.09);
}
