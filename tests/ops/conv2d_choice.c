/* The choice of kernels: by timing once, then from the cache, from the environment, from a run's
 * record. */

#include "common/ops/conv2d_choice.h"

#include "common/ops/conv2d_cache.h"
#include "tests/ops/conv2d_fake.h"
#include "tests/ops/operator_test.h"
#include "tests/temporary.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The device is opened first, with the shader cache of all tests; then the choice finds a cache of
 * its own, empty. */
static void begin(void)
{
    rt_test_device();
    unsetenv("RETORT_CONV2D");
    setenv("XDG_CACHE_HOME", rt_test_folder(), 1);
}

TestSuite(ops_conv2d_choice, .init = begin, .timeout = 300);

static const char *choose(void)
{
    rt_conv2d_choice choice;
    rt_test_ok(rt_conv2d_choose(rt_test_device(), &rt_test_layer, RT_CONV2D_FORWARD, &choice));
    return choice.family->name;
}

static bool shuffle_fits(void)
{
    return rt_conv2d_shuffle_family.candidates(rt_device_describe(rt_test_device()), &rt_test_layer,
                                               RT_CONV2D_FORWARD) > 0;
}

/* As a new process would. */
static const char *choose_anew(void)
{
    rt_conv2d_force(NULL, 0);
    return choose();
}

static const char *cached_path(void)
{
    static rt_arena arena;
    const char *path = rt_conv2d_cache_path(rt_test_device(), &arena);
    cr_assert_not_null(path);
    return path;
}

static rt_conv2d_record record_of(const char *name)
{
    static rt_arena arena;
    rt_conv2d_record record = rt_conv2d_record_for(rt_test_device());
    record.conv2d.values = rt_arena_alloc(&arena, 1, sizeof name);
    cr_assert_not_null(record.conv2d.values);
    record.conv2d.values[0] = name;
    record.conv2d.count = 1;
    return record;
}

static void write_cache(const rt_conv2d_record *record)
{
    mkdir(rt_test_path("retort"), 0700);
    rt_test_ok(rt_conv2d_record_write(record, cached_path()));
}

static const char *read_record(const char *path)
{
    static rt_arena arena;
    rt_conv2d_record record;
    rt_test_ok(rt_conv2d_record_read(&record, path, &arena));
    cr_assert_geq(record.conv2d.count, 1);
    return record.conv2d.values[0];
}

/* On a CPU the kernels for CPUs win 30 times over, whatever the machine does besides. */
static bool shuffle_must_win(void)
{
    return strcmp(rt_device_describe(rt_test_device())->kind, "cpu") == 0 && shuffle_fits();
}

Test(ops_conv2d_choice, is_made_once_and_kept)
{
    const char *name = choose();
    if (shuffle_must_win()) {
        cr_assert_str_eq(name, "shuffle");
        cr_assert_str_eq(read_record(cached_path()), "shuffle");
    }
    cr_assert_str_eq(choose_anew(), name);
    /* Another answer from now on: this process stays with its own, a new one takes it. */
    const char *other = strcmp(name, "plain") == 0 ? "shared" : "plain";
    const rt_conv2d_record record = record_of(other);
    write_cache(&record);
    cr_assert_str_eq(choose(), name);
    cr_assert_str_eq(choose_anew(), other);
}

Test(ops_conv2d_choice, makes_a_damaged_or_foreign_cache_anew)
{
    const char *line = "2x8x8 8->12 3x3 stride 1 padding 1 forward: plain 99";
    const rt_conv2d_record here = record_of("plain"), unknown = record_of("of_tomorrow");
    rt_conv2d_record foreign[] = {here, here, here, here}, strange = here;
    strange.layers = (rt_config_strings){&line, 1};
    foreign[0].device = "another device";
    foreign[1].driver = "another driver";
    foreign[2].program = "9.9.9";
    foreign[3].subgroup_size++;
    for (size_t i = 0; i < RT_COUNT(foreign); i++)
        cr_assert_not(rt_conv2d_record_matches(&foreign[i], &here), "case %zu", i);
    cr_assert(rt_conv2d_record_matches(&unknown, &here));
    for (int i = 0; i < 4; i++) {
        rt_conv2d_plan plan;
        choose_anew();
        if (i == 0) rt_test_write(cached_path(), "device: [", 9);
        if (i == 1) write_cache(&foreign[1]);
        if (i == 2) write_cache(&unknown);
        if (i == 3) write_cache(&strange);
        cr_assert_not(rt_conv2d_cache_read(&plan, rt_test_device()), "case %d", i);
        const char *name = choose_anew();
        if (shuffle_must_win()) cr_assert_str_eq(name, "shuffle", "case %d", i);
        cr_assert(rt_conv2d_cache_read(&plan, rt_test_device()), "case %d", i);
        rt_conv2d_table_clear(&plan.table);
    }
}

Test(ops_conv2d_choice, needs_no_cache)
{
    setenv("XDG_CACHE_HOME", "/proc/nothing-can-be-made-here", 1);
    const char *name = choose();
    cr_assert_str_eq(choose(), name);
}

Test(ops_conv2d_choice, follows_the_environment_without_timing)
{
    setenv("RETORT_CONV2D", "plain", 1);
    cr_assert_str_eq(choose(), "plain");
    setenv("RETORT_CONV2D", "shared", 1);
    cr_assert_str_eq(choose_anew(), "shared");
    setenv("RETORT_CONV2D", "untimed", 1);
    const bool shuffle = shuffle_fits();
    cr_assert_str_eq(choose_anew(), shuffle ? "shuffle" : "shared");
    struct stat status;
    cr_assert_neq(stat(cached_path(), &status), 0, "an untimed choice went into the cache");

    rt_conv2d_choice choice;
    setenv("RETORT_CONV2D", "fast", 1);
    rt_conv2d_force(NULL, 0);
    cr_assert_eq(rt_conv2d_choose(rt_test_device(), &rt_test_layer, RT_CONV2D_FORWARD, &choice),
                 RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "RETORT_CONV2D=fast"), "%s", rt_error_message());
}

/* Less precision only where the device has the means, and never in silence. */
Test(ops_conv2d_choice, takes_float16_on_demand_or_says_why_not)
{
    rt_conv2d_choice choice;
    setenv("RETORT_CONV2D", "cooperative", 1);
    if (rt_device_describe(rt_test_device())->cooperative_matrix) {
        cr_assert_str_eq(choose_anew(), "cooperative");
        rt_conv2d_shape narrow = rt_test_layer;
        narrow.out_channels = 3;
        rt_test_ok(rt_conv2d_choose(rt_test_device(), &narrow, RT_CONV2D_FORWARD, &choice));
        cr_assert_str_eq(choice.family->name, "shared");
        return;
    }
    rt_conv2d_force(NULL, 0);
    cr_assert_eq(rt_conv2d_choose(rt_test_device(), &rt_test_layer, RT_CONV2D_FORWARD, &choice),
                 RT_ERROR_DEVICE);
    cr_assert_not_null(strstr(rt_error_message(), "unset it to go on in float32"), "%s",
                       rt_error_message());
}

/* A run's first process notes its choice; the next ones take it whatever else says otherwise. */
Test(ops_conv2d_choice, of_a_run_is_repeated)
{
    const char *path = rt_test_path("tuning.yaml");
    setenv("RETORT_CONV2D", "shared", 1);
    rt_test_ok(rt_conv2d_keep(rt_test_device(), path));
    cr_assert_str_eq(read_record(path), "shared");
    const rt_conv2d_record record = record_of("plain");
    write_cache(&record);
    unsetenv("RETORT_CONV2D");
    cr_assert_str_eq(choose_anew(), "plain");
    rt_conv2d_force(NULL, 0);
    rt_test_ok(rt_conv2d_keep(rt_test_device(), path));
    cr_assert_str_eq(choose(), "shared");
    setenv("RETORT_CONV2D", "plain", 1);
    rt_conv2d_force(NULL, 0);
    rt_test_ok(rt_conv2d_keep(rt_test_device(), path));
    cr_assert_str_eq(choose(), "shared");
    cr_assert_str_eq(read_record(path), "shared");
}

Test(ops_conv2d_choice, of_a_run_must_be_known_and_whole)
{
    const char *path = rt_test_path("tuning.yaml");
    const rt_conv2d_record record = record_of("of_tomorrow");
    rt_test_ok(rt_conv2d_record_write(&record, path));
    cr_assert_eq(rt_conv2d_keep(rt_test_device(), path), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), "'of_tomorrow'"), "%s", rt_error_message());
    cr_assert_not_null(strstr(rt_error_message(), path), "%s", rt_error_message());
    rt_test_write(path, "conv2d: pla", 11);
    cr_assert_eq(rt_conv2d_keep(rt_test_device(), path), RT_ERROR_INPUT);
    cr_assert_not_null(strstr(rt_error_message(), path), "%s", rt_error_message());
}

/* Failing writes: a record is whole or not there, and the cache is no reason to fail. */
Test(ops_conv2d_choice, survives_failing_writes)
{
    const char *path = rt_test_path("tuning.yaml");
    struct stat status;
    setenv("RETORT_CONV2D", "plain", 1);
    for (unsigned nth = 1;; nth++) {
        rt_test_fail_io(nth, ENOSPC, false);
        const rt_status kept = rt_conv2d_keep(rt_test_device(), path);
        const bool failed = rt_test_io_failed();
        rt_test_fail_io(0, 0, false);
        if (kept != RT_OK) cr_assert_eq(kept, RT_ERROR_IO, "call %u", nth);
        if (kept == RT_OK || stat(path, &status) == 0)
            cr_assert_str_eq(read_record(path), "plain", "call %u", nth);
        if (!failed) break;
        unlink(path);
    }
    cr_assert_str_eq(read_record(path), "plain");
}
