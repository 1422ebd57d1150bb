/* Contests between kernels for one pass of one layer, and the tuner that holds them. */

#include "common/ops/conv2d_tuner.h"

#include "tests/ops/conv2d_fake.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

TestSuite(ops_conv2d_tuner, .timeout = 300);

Test(ops_conv2d_tuner, leaves_the_best_known_only_for_what_is_clearly_faster)
{
    const struct {
        double seconds[4];
        uint32_t winner;
    } cases[] = {
        {{1, 1, 1, 1}, 0},       {{1, 0.96, 0.98, 2}, 0}, {{1, 0.94, 0.98, 2}, 1},
        {{1, 0.94, 0.93, 2}, 2}, {{1, 2, 2, 0.5}, 3},     {{0, 1, 0.96, 0.97}, 1},
        {{0, 1, 0.96, 0.5}, 3},  {{0, 0, 0, 7}, 3},       {{0, 0, 0, 0}, 4},
        {{1, 0, 0, 0}, 0},
    };
    for (size_t i = 0; i < RT_COUNT(cases); i++)
        cr_assert_eq(rt_conv2d_clearly_fastest(cases[i].seconds, 4), cases[i].winner, "case %zu",
                     i);
}

static void set_ways(uint32_t count, ...)
{
    va_list ways;
    va_start(ways, count);
    rt_test_fake_count = count;
    for (uint32_t i = 0; i < count; i++) rt_test_fake_ways[i] = (rt_test_way)va_arg(ways, int);
    va_end(ways);
    memset(rt_test_fake_uses, 0, sizeof rt_test_fake_uses);
}

static rt_conv2d_contest contest_of_all(void)
{
    rt_conv2d_contest contest = {.work = {rt_test_layer, RT_CONV2D_FORWARD}, .deadline = INFINITY};
    for (uint32_t i = 0; i < rt_test_fake_count; i++)
        contest.choices[contest.count++] = (rt_conv2d_choice){&rt_test_fake_family, i};
    return contest;
}

Test(ops_conv2d_tuner, finds_the_fastest_that_is_right)
{
    set_ways(5, RT_TEST_SLOW, RT_TEST_SKIP, RT_TEST_HALF, RT_TEST_REFUSED, RT_TEST_RIGHT);
    rt_conv2d_contest contest = contest_of_all();
    rt_test_ok(rt_conv2d_contest_run(&contest, rt_test_device()));
    cr_assert_eq(contest.winner, 4);
    cr_assert(contest.complete);
    cr_assert_gt(contest.seconds[0], contest.seconds[4]);
    for (int i = 1; i < 4; i++) cr_assert_eq(contest.seconds[i], 0, "way %d", i);
    cr_assert_gt(contest.check_seconds, 0);
}

Test(ops_conv2d_tuner, passes_over_a_best_known_that_is_wrong)
{
    set_ways(3, RT_TEST_HALF, RT_TEST_SKIP, RT_TEST_SLOW);
    rt_conv2d_contest contest = contest_of_all();
    rt_test_ok(rt_conv2d_contest_run(&contest, rt_test_device()));
    cr_assert_eq(contest.winner, 2);
    set_ways(2, RT_TEST_HALF, RT_TEST_SKIP);
    contest = contest_of_all();
    rt_test_ok(rt_conv2d_contest_run(&contest, rt_test_device()));
    cr_assert_eq(contest.winner, 2, "none is right: position %u", contest.winner);
    set_ways(2, RT_TEST_REFUSED, RT_TEST_RIGHT); /* no kernel's fault, surely */
    contest = contest_of_all();
    cr_assert_eq(rt_conv2d_contest_run(&contest, rt_test_device()), RT_ERROR_DEVICE);
}

Test(ops_conv2d_tuner, compiles_nothing_that_could_be_late)
{
    set_ways(2, RT_TEST_SLOW, RT_TEST_RIGHT);
    rt_conv2d_contest contest = contest_of_all();
    contest.deadline = 0;
    rt_test_ok(rt_conv2d_contest_run(&contest, rt_test_device()));
    cr_assert_eq(contest.winner, 0);
    cr_assert_not(contest.complete);
    cr_assert_eq(rt_test_fake_uses[1], 0);
}

/* A contest compares what the kernels give for these images with what they give for all of them;
 * layers of few images keep theirs. */
Test(ops_conv2d_tuner, tries_on_as_many_images_as_it_needs)
{
    rt_conv2d_shape layer = rt_test_layer;
    cr_assert_eq(rt_conv2d_trial_layer(rt_test_device(), &layer).images, 2);
    layer.images = 1u << 30;
    const rt_conv2d_shape trial = rt_conv2d_trial_layer(rt_test_device(), &layer);
    cr_assert_lt(trial.images, 1u << 20);
    cr_assert_gt(rt_conv2d_flops(&trial), 1e8);
    layer.images = trial.images + 5;
    cr_assert_eq(rt_conv2d_trial_layer(rt_test_device(), &layer).images, trial.images);
}

static rt_conv2d_figure figures[16];
static uint32_t figure_count;

static void note_figure(void *context, const rt_conv2d_figure *figure)
{
    cr_assert_eq(context, &figure_count);
    figures[figure_count++] = *figure;
}

static const rt_conv2d_contenders contenders = {.families = {&rt_test_fake_family}, .count = 1};

/* Of 1 image, that is little; 2 images, most of all; and one pass without a choice. */
static void make_jobs(rt_conv2d_job jobs[3])
{
    jobs[0] = (rt_conv2d_job){.work = {rt_test_layer, RT_CONV2D_FORWARD}, .share = 1e-6};
    jobs[0].work.layer.images = 1;
    jobs[1] = (rt_conv2d_job){.work = {rt_test_layer, RT_CONV2D_INPUT_GRADIENT}, .share = 0.3};
    jobs[2] = (rt_conv2d_job){.work = {rt_test_layer, RT_CONV2D_FORWARD}, .share = 0.7};
    figure_count = 0;
}

static void check_job(const rt_conv2d_job *job, uint32_t candidate, bool settled)
{
    cr_assert_eq(job->choice.family, &rt_test_fake_family);
    cr_assert_eq(job->choice.candidate, candidate);
    cr_assert_eq(job->settled, settled);
}

Test(ops_conv2d_tuner, times_what_counts_the_heaviest_first)
{
    rt_conv2d_tuner tuner = {.contenders = &contenders,
                             .seconds = 1000,
                             .report = note_figure,
                             .context = &figure_count};
    rt_conv2d_job jobs[3];
    set_ways(2, RT_TEST_SLOW, RT_TEST_RIGHT);
    make_jobs(jobs);
    rt_conv2d_tuner_run(&tuner, rt_test_device(), jobs, 3);
    check_job(&jobs[0], 1, true);
    check_job(&jobs[1], 0, false);
    check_job(&jobs[2], 0, false);
    cr_assert_eq(figure_count, 2);
    cr_assert(figures[1].chosen && !figures[0].chosen);
    cr_assert_eq(figures[1].layer.images, 2);
    cr_assert_lt(tuner.seconds, 1000);

    tuner.everything = true;
    make_jobs(jobs);
    rt_conv2d_tuner_run(&tuner, rt_test_device(), jobs, 3);
    check_job(&jobs[1], 0, true);
    check_job(&jobs[2], 1, true);
    cr_assert_eq(figure_count, 5);
    cr_assert_eq(figures[2].pass, RT_CONV2D_INPUT_GRADIENT);
    cr_assert_eq(figures[4].layer.images, 1, "the lightest last");
}

Test(ops_conv2d_tuner, takes_the_best_known_without_time)
{
    rt_conv2d_tuner tuner = {.contenders = &contenders, .seconds = 1e-9, .report = note_figure};
    rt_conv2d_job jobs[3];
    set_ways(2, RT_TEST_SLOW, RT_TEST_RIGHT);
    make_jobs(jobs);
    rt_conv2d_tuner_run(&tuner, rt_test_device(), jobs, 3);
    check_job(&jobs[0], 0, true); /* no later process waits for it either */
    check_job(&jobs[1], 0, false);
    check_job(&jobs[2], 0, false);
    cr_assert_eq(figure_count, 0);
}

Test(ops_conv2d_tuner, takes_the_best_known_where_a_contest_fails)
{
    rt_conv2d_tuner tuner = {.contenders = &contenders, .seconds = 1000, .report = note_figure};
    rt_conv2d_job jobs[3];
    set_ways(2, RT_TEST_REFUSED, RT_TEST_RIGHT);
    make_jobs(jobs);
    rt_conv2d_tuner_run(&tuner, rt_test_device(), jobs, 3);
    for (int i = 0; i < 3; i++) check_job(&jobs[i], 0, false);
    cr_assert_eq(figure_count, 0);
    cr_assert_eq(tuner.seconds, 0, "and ends the timing");
}

Test(ops_conv2d_tuner, falls_back_to_the_plain_kernel_where_all_are_wrong)
{
    rt_conv2d_tuner tuner = {.contenders = &contenders, .seconds = 1000};
    rt_conv2d_job jobs[3];
    set_ways(2, RT_TEST_SKIP, RT_TEST_HALF);
    make_jobs(jobs);
    rt_conv2d_tuner_run(&tuner, rt_test_device(), jobs, 3);
    cr_assert_eq(jobs[0].choice.family, &rt_conv2d_plain_family);
    cr_assert(jobs[0].settled);
}

/* A family that has no kernel for a pass leaves it to the next one. */
Test(ops_conv2d_tuner, knows_a_family_for_every_pass)
{
    const rt_conv2d_work forward = {rt_test_layer, RT_CONV2D_FORWARD};
    const rt_conv2d_contenders both = {.families = {&rt_test_fake_family, &rt_conv2d_plain_family},
                                       .count = 2};
    rt_test_fake_count = 1;
    cr_assert_eq(rt_conv2d_best_known(&both, rt_test_device(), &forward).family,
                 &rt_test_fake_family);
    rt_test_fake_count = 0;
    cr_assert_eq(rt_conv2d_best_known(&both, rt_test_device(), &forward).family,
                 &rt_conv2d_plain_family);
    cr_assert_neq(rt_conv2d_best_known(&contenders, rt_test_device(), &forward).family,
                  &rt_test_fake_family);
}
