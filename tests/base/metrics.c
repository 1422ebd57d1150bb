/* Reading metrics.csv back. */
#include "common/base/metrics.h"

#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void open_text(rt_metrics *metrics, const char *text)
{
    const char *path = rt_test_path("metrics.csv");
    rt_test_write(path, text, strlen(text));
    cr_assert_eq(rt_metrics_open(metrics, path), RT_OK, "%s", rt_error_message());
}

Test(base_metrics, rows_have_fields_by_name_and_half_a_row_is_none)
{
    rt_metrics metrics;
    open_text(&metrics, "stage,step,loss\na,1,0.5\nb,,\nc\nd,4,5,6,7\ne,5");
    const int stage = rt_metrics_column(&metrics, "stage");
    const int loss = rt_metrics_column(&metrics, "loss");
    const int other = rt_metrics_column(&metrics, "los");
    cr_assert_eq(other, -1);
    cr_assert(rt_metrics_next(&metrics));
    cr_assert_str_eq(rt_metrics_text(&metrics, stage), "a");
    cr_assert_eq(rt_metrics_number(&metrics, loss), 0.5);
    cr_assert(isnan(rt_metrics_number(&metrics, stage)));
    cr_assert(isnan(rt_metrics_number(&metrics, other)));
    for (int i = 0; i < 2; i++) { /* an empty field, and one that is not there */
        cr_assert(rt_metrics_next(&metrics));
        cr_assert_str_eq(rt_metrics_text(&metrics, loss), "");
        cr_assert(isnan(rt_metrics_number(&metrics, loss)));
    }
    cr_assert(rt_metrics_next(&metrics));
    cr_assert_eq(rt_metrics_number(&metrics, loss), 5);
    cr_assert_not(rt_metrics_next(&metrics));
    cr_assert_not(rt_metrics_next(&metrics));
    rt_metrics_close(&metrics);
}

Test(base_metrics, a_file_without_a_line_has_nothing)
{
    rt_metrics metrics;
    cr_assert_eq(rt_metrics_open(&metrics, rt_test_path("nowhere")), RT_OK);
    cr_assert_eq(metrics.columns, 0);
    cr_assert_not(rt_metrics_next(&metrics));
    rt_metrics_close(&metrics);
    open_text(&metrics, "step,loss");
    cr_assert_eq(rt_metrics_column(&metrics, "step"), -1);
    cr_assert_not(rt_metrics_next(&metrics));
    rt_metrics_close(&metrics);
    open_text(&metrics, "step,loss\n");
    cr_assert_eq(rt_metrics_column(&metrics, "loss"), 1);
    cr_assert_not(rt_metrics_next(&metrics));
    rt_metrics_close(&metrics);
}
