/* The seconds of a run over several starts. */
#include "common/base/run_clock.h"

#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

static void open_run(rt_run_directory *run)
{
    rt_buffer yaml = {0};
    cr_assert_eq(rt_run_open(run, rt_test_path("run"), true, &yaml), RT_OK, "%s",
                 rt_error_message());
}

Test(base_run_clock, goes_on_where_the_checkpoint_was)
{
    rt_run_directory run;
    rt_run_clock clock = {0}, again;
    open_run(&run);
    cr_assert_eq(rt_run_clock_load(&clock, &run), RT_OK);
    cr_assert_eq(rt_stopwatch_total(&clock.generate), 0);
    rt_stopwatch_start(&clock.distill);
    usleep(20000);
    cr_assert_geq(rt_stopwatch_total(&clock.distill), 0.02, "it counts while it runs");
    rt_stopwatch_stop(&clock.distill);
    rt_stopwatch_stop(&clock.distill); /* it stands already */
    const double total = rt_stopwatch_total(&clock.distill);
    usleep(20000);
    cr_assert_eq(rt_stopwatch_total(&clock.distill), total, "it counts while it stands");
    clock.generate.seconds = 12345.678;
    cr_assert_eq(rt_run_clock_save(&clock, &run), RT_OK, "%s", rt_error_message());

    /* Without a checkpoint the run begins anew; with one it goes on. */
    cr_assert_eq(rt_run_clock_load(&again, &run), RT_OK);
    cr_assert_eq(rt_stopwatch_total(&again.distill), 0);
    rt_test_write(run.checkpoint, "x", 1);
    cr_assert_eq(rt_run_clock_load(&again, &run), RT_OK);
    cr_assert_float_eq(rt_stopwatch_total(&again.distill), total, 1e-6);
    cr_assert_float_eq(rt_stopwatch_total(&again.generate), 12345.678, 1e-2);
    cr_assert_eq(again.generate.seconds, 0, "the seconds of this start are another number");

    rt_test_write(rt_test_path("run/seconds.yaml"), "generate: -1\n", 13);
    cr_assert_eq(rt_run_clock_load(&again, &run), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "seconds.yaml:1"), "%s", rt_error_message());
    rt_run_close(&run);
}
