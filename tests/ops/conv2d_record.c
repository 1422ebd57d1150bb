/* Choices for single layers: made by timing, kept by the cache, noted in a run's record before
 * anything depends on them. The contenders are two families that every device has and that are
 * alike in speed, so that either may win: what counts is that it stays. */

#include "common/ops/conv2d_cache.h"
#include "common/ops/conv2d_choice.h"
#include "tests/ops/conv2d_fake.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const rt_conv2d_family *const shared = &rt_conv2d_shared_family, *const plain =
                                                                            &rt_conv2d_plain_family;

static void put(rt_conv2d_plan *plan, rt_conv2d_pass pass, const rt_conv2d_family *family)
{
    const rt_conv2d_entry entry = {{rt_test_layer, pass}, {.family = family}};
    rt_test_ok(rt_conv2d_table_put(&plan->table, &entry));
}

static rt_conv2d_plan two_contenders(void)
{
    return (rt_conv2d_plan){.contenders = {.families = {shared, plain}, .count = 2}, .timed = true};
}

/* A cache of its own, which knows the families but no layer. */
static void begin(void)
{
    rt_test_device();
    unsetenv("RETORT_CONV2D");
    setenv("XDG_CACHE_HOME", rt_test_folder(), 1);
    const rt_conv2d_plan plan = two_contenders();
    rt_conv2d_cache_add(&plan, rt_test_device());
}

TestSuite(ops_conv2d_record, .init = begin, .timeout = 300);

static const rt_conv2d_family *choose(rt_conv2d_pass pass)
{
    rt_conv2d_choice choice;
    rt_test_ok(rt_conv2d_choose(rt_test_device(), &rt_test_layer, pass, &choice));
    cr_assert_eq(choice.candidate, 0);
    return choice.family;
}

static const rt_conv2d_family *the_other(const rt_conv2d_family *family)
{
    return family == shared ? plain : shared;
}

/* What a file says about the layer; NULL: nothing. */
static const rt_conv2d_family *noted(const char *path, rt_conv2d_pass pass)
{
    static rt_arena arena;
    rt_conv2d_record record;
    rt_conv2d_plan plan;
    const rt_conv2d_work work = {rt_test_layer, pass};
    rt_test_ok(rt_conv2d_record_read(&record, path, &arena));
    rt_test_ok(rt_conv2d_plan_read(&plan, rt_test_device(), &record, path));
    cr_assert(plan.timed);
    const rt_conv2d_choice *choice = rt_conv2d_table_find(&plan.table, &work);
    const rt_conv2d_family *family = choice != NULL ? choice->family : NULL;
    rt_conv2d_table_clear(&plan.table);
    return family;
}

static const char *cached_path(void)
{
    static rt_arena arena;
    return rt_conv2d_cache_path(rt_test_device(), &arena);
}

Test(ops_conv2d_record, the_cache_keeps_the_choice_for_each_layer)
{
    const rt_conv2d_family *family = choose(RT_CONV2D_FORWARD);
    cr_assert_eq(noted(cached_path(), RT_CONV2D_FORWARD), family);
    cr_assert_null(noted(cached_path(), RT_CONV2D_WEIGHT_GRADIENT));
    /* Another process finds other layers, and another answer for this one: no row is lost. */
    rt_conv2d_plan plan = two_contenders();
    put(&plan, RT_CONV2D_FORWARD, the_other(family));
    put(&plan, RT_CONV2D_INPUT_GRADIENT, plain);
    rt_conv2d_cache_add(&plan, rt_test_device());
    cr_assert_eq(choose(RT_CONV2D_FORWARD), family, "a process stays with its own");
    cr_assert_eq(choose(RT_CONV2D_INPUT_GRADIENT), plain);
    choose(RT_CONV2D_WEIGHT_GRADIENT);
    cr_assert_eq(noted(cached_path(), RT_CONV2D_FORWARD), the_other(family));
    cr_assert_eq(noted(cached_path(), RT_CONV2D_INPUT_GRADIENT), plain);
    cr_assert_not_null(noted(cached_path(), RT_CONV2D_WEIGHT_GRADIENT));
    rt_conv2d_force(NULL, 0);
    cr_assert_eq(choose(RT_CONV2D_FORWARD), the_other(family), "a new process takes the cache's");
    rt_conv2d_table_clear(&plan.table);
}

/* More images than a trial needs are the same work. */
Test(ops_conv2d_record, batches_that_are_large_enough_share_a_choice)
{
    rt_conv2d_choice choice;
    rt_conv2d_shape large = rt_test_layer;
    large.images = 1u << 20;
    rt_conv2d_plan plan = two_contenders();
    const rt_conv2d_entry entry = {
        {rt_conv2d_trial_layer(rt_test_device(), &large), RT_CONV2D_FORWARD}, {.family = plain}};
    rt_test_ok(rt_conv2d_table_put(&plan.table, &entry));
    rt_conv2d_cache_add(&plan, rt_test_device());
    for (large.images = 1u << 20; large.images < 1u << 24; large.images *= 2) {
        rt_test_ok(rt_conv2d_choose(rt_test_device(), &large, RT_CONV2D_FORWARD, &choice));
        cr_assert_eq(choice.family, plain);
    }
    rt_conv2d_table_clear(&plan.table);
}

/* The record has what the run used, layers of a later graph too; the next process repeats it,
 * whatever the cache says by then. */
Test(ops_conv2d_record, a_run_repeats_the_choice_for_each_layer)
{
    const char *path = rt_test_path("tuning.yaml");
    const rt_conv2d_work graph[] = {{rt_test_layer, RT_CONV2D_FORWARD},
                                    {rt_test_layer, RT_CONV2D_INPUT_GRADIENT}};
    const rt_conv2d_family *families[RT_CONV2D_PASSES];
    rt_test_ok(rt_conv2d_keep(rt_test_device(), path));
    cr_assert_null(noted(path, RT_CONV2D_FORWARD));
    rt_test_ok(rt_conv2d_prepare(rt_test_device(), graph, RT_COUNT(graph)));
    for (int pass = 0; pass < RT_CONV2D_PASSES; pass++) {
        if (pass == RT_CONV2D_WEIGHT_GRADIENT) cr_assert_null(noted(path, (rt_conv2d_pass)pass));
        families[pass] = choose((rt_conv2d_pass)pass);
        cr_assert_eq(noted(path, (rt_conv2d_pass)pass), families[pass]);
    }
    rt_conv2d_plan plan = two_contenders();
    for (int pass = 0; pass < RT_CONV2D_PASSES; pass++)
        put(&plan, (rt_conv2d_pass)pass, the_other(families[pass]));
    rt_conv2d_cache_add(&plan, rt_test_device());
    rt_conv2d_table_clear(&plan.table);
    setenv("RETORT_CONV2D", "untimed", 1);
    rt_conv2d_force(NULL, 0);
    rt_test_ok(rt_conv2d_keep(rt_test_device(), path));
    for (int pass = 0; pass < RT_CONV2D_PASSES; pass++)
        cr_assert_eq(choose((rt_conv2d_pass)pass), families[pass], "pass %d", pass);
    /* And goes on as it began: what the record does not have yet is timed, or from the cache. */
    rt_conv2d_choice choice;
    rt_conv2d_shape one = rt_test_layer;
    one.images = 1;
    rt_test_ok(rt_conv2d_choose(rt_test_device(), &one, RT_CONV2D_FORWARD, &choice));
    size_t size;
    char *text = rt_test_read(path, &size);
    cr_assert_not_null(strstr(text, "\"1x8x8 8->12 3x3 stride 1 padding 1 forward: "), "%s", text);
    free(text);
}

Test(ops_conv2d_record, a_choice_must_be_on_the_disk)
{
    const char *path = rt_test_path("tuning.yaml");
    rt_conv2d_choice choice;
    choose(RT_CONV2D_FORWARD); /* the cache has it from here on */
    for (unsigned nth = 1;; nth++) {
        rt_conv2d_force(NULL, 0);
        unlink(path);
        rt_test_ok(rt_conv2d_keep(rt_test_device(), path));
        rt_test_fail_io(nth, ENOSPC, false);
        const rt_status chosen =
            rt_conv2d_choose(rt_test_device(), &rt_test_layer, RT_CONV2D_FORWARD, &choice);
        const bool failed = rt_test_io_failed();
        rt_test_fail_io(0, 0, false);
        if (chosen != RT_OK) {
            cr_assert_eq(chosen, RT_ERROR_IO, "call %u", nth);
            choose(RT_CONV2D_FORWARD); /* writes what is missing */
        }
        cr_assert_not_null(noted(path, RT_CONV2D_FORWARD), "call %u", nth);
        if (!failed) break;
    }
}

/* Killed at any call while it writes its record: the file is the old one or the new one, and a new
 * process goes on from it. */
Test(ops_conv2d_record, survives_kill_at_any_call)
{
    const char *path = rt_test_path("tuning.yaml");
    const rt_conv2d_family *family = choose(RT_CONV2D_FORWARD);
    bool killed = true;
    for (unsigned nth = 1; killed; nth++) {
        rt_conv2d_force(NULL, 0);
        unlink(path);
        rt_test_ok(rt_conv2d_keep(rt_test_device(), path));
        const pid_t process = fork();
        if (process == 0) {
            rt_test_fail_io(nth, RT_TEST_KILL, false);
            choose(RT_CONV2D_FORWARD);
            _exit(0);
        }
        int status;
        waitpid(process, &status, 0);
        killed = WIFSIGNALED(status);
        if (!killed) cr_assert_eq(noted(path, RT_CONV2D_FORWARD), family);
        rt_conv2d_force(NULL, 0);
        rt_test_ok(rt_conv2d_keep(rt_test_device(), path));
        cr_assert_eq(choose(RT_CONV2D_FORWARD), family, "call %u", nth);
        cr_assert_eq(noted(path, RT_CONV2D_FORWARD), family, "call %u", nth);
    }
}

Test(ops_conv2d_record, of_unknown_kernels_is_an_error)
{
    static const char *const lines[] = {
        "2x8x8 8->12 3x3 stride 1 padding 1 forward: plain 1",
        "2x8x8 8->12 3x3 stride 1 padding 1 forward: of_tomorrow 0",
        "whatever",
    };
    const char *path = rt_test_path("tuning.yaml");
    for (size_t i = 0; i < RT_COUNT(lines); i++) {
        const char *families[] = {"shared", "plain"}, *line = lines[i];
        rt_conv2d_record record = rt_conv2d_record_for(rt_test_device());
        record.conv2d = (rt_config_strings){families, RT_COUNT(families)};
        record.layers = (rt_config_strings){&line, 1};
        rt_test_ok(rt_conv2d_record_write(&record, path));
        cr_assert_eq(rt_conv2d_keep(rt_test_device(), path), RT_ERROR_INPUT);
        cr_assert_not_null(strstr(rt_error_message(), line), "%s", rt_error_message());
        cr_assert_not_null(strstr(rt_error_message(), path), "%s", rt_error_message());
        record.conv2d.count = 0;
        record.layers.count = 0;
        rt_test_ok(rt_conv2d_record_write(&record, path));
        cr_assert_eq(rt_conv2d_keep(rt_test_device(), path), RT_ERROR_INPUT);
        cr_assert_not_null(strstr(rt_error_message(), path), "%s", rt_error_message());
    }
}
