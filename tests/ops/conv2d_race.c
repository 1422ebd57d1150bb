/* The race between families of kernels: who may not win it. */

#include "common/ops/conv2d_race.h"

#include "tests/ops/conv2d_fake.h"
#include "tests/ops/operator_test.h"

#include <criterion/criterion.h>

TestSuite(ops_conv2d_race, .timeout = 300);

/* Families that are wrong where it hurts: fast, because they leave something out. */
static rt_status skip(rt_program *program, const rt_conv2d_call *call)
{
    (void)program;
    (void)call;
    return RT_OK;
}

static rt_status half(rt_program *program, const rt_conv2d_call *call)
{
    rt_conv2d_call less = *call;
    less.shape.images = (call->shape.images + 1) / 2;
    return rt_conv2d_shared_family.weight_gradient(program, &less);
}

Test(ops_conv2d_race, is_never_won_by_a_family_that_is_wrong)
{
    rt_conv2d_family lazy = rt_conv2d_shared_family, hasty = rt_conv2d_shared_family;
    lazy.name = "lazy";
    lazy.forward = skip;
    hasty.name = "hasty";
    hasty.weight_gradient = half;
    const rt_conv2d_family *const families[] = {&lazy, &hasty, &rt_conv2d_plain_family};
    for (int whole = 0; whole <= 1; whole++) {
        rt_conv2d_race race = {.families = families,
                               .count = RT_COUNT(families),
                               .whole = whole,
                               .layers = &rt_test_layer,
                               .layer_count = 1};
        rt_test_ok(rt_conv2d_race_run(&race, rt_test_device()));
        cr_assert_eq(race.contenders.count, 1);
        cr_assert_eq(race.contenders.families[0], &rt_conv2d_plain_family);
    }
}

/* It led until its last pass, and the others were out as too slow for it: they are back. */
Test(ops_conv2d_race, is_run_again_without_a_leader_that_is_wrong)
{
    rt_conv2d_family leader = rt_conv2d_shuffle_family;
    leader.name = "leader";
    leader.weight_gradient = half;
    const rt_conv2d_family *const families[] = {&leader, &rt_conv2d_plain_family};
    rt_conv2d_shape larger = rt_test_layer;
    larger.images = 8;
    larger.in_channels = larger.out_channels = 16;
    larger.height = larger.width = larger.out_height = larger.out_width = 16;
    rt_conv2d_race race = {
        .families = families, .count = RT_COUNT(families), .layers = &larger, .layer_count = 1};
    rt_test_ok(rt_conv2d_race_run(&race, rt_test_device()));
    cr_assert_eq(race.contenders.families[0], &rt_conv2d_plain_family);
}

static uint32_t forward_only(const rt_device_info *device, const rt_conv2d_shape *shape,
                             rt_conv2d_pass pass)
{
    (void)device;
    (void)shape;
    return pass == RT_CONV2D_FORWARD;
}

static rt_conv2d_contenders race_of(const rt_conv2d_family *first, const rt_conv2d_family *second)
{
    const rt_conv2d_family *const families[] = {first, second};
    rt_conv2d_race race = {
        .families = families, .count = 2, .layers = &rt_test_layer, .layer_count = 1};
    rt_test_ok(rt_conv2d_race_run(&race, rt_test_device()));
    return race.contenders;
}

/* Who does a part of the work only cannot win, not even as the fastest; but in each layer it is in,
 * unless it is wrong or hopeless at what it does. */
Test(ops_conv2d_race, judges_a_family_by_what_it_does)
{
    rt_conv2d_family fast = rt_conv2d_plain_family, partial = rt_test_fake_family;
    fast.candidates = partial.candidates = forward_only;
    rt_test_fake_count = 1;
    rt_test_fake_ways[0] = RT_TEST_SLOW;
    rt_conv2d_contenders left = race_of(&fast, &rt_test_fake_family);
    cr_assert_eq(left.count, 2);
    cr_assert_eq(left.families[0], &rt_test_fake_family);
    cr_assert_eq(left.families[1], &fast);
    for (rt_test_way way = RT_TEST_SLOW; way <= RT_TEST_SKIP; way++) {
        rt_test_fake_ways[0] = way;
        left = race_of(&partial, &rt_conv2d_plain_family);
        cr_assert_eq(left.count, 1, "way %d", way);
        cr_assert_eq(left.families[0], &rt_conv2d_plain_family, "way %d", way);
    }
}

Test(ops_conv2d_race, families_agree)
{
    rt_conv2d_trial *trial;
    rt_test_ok(rt_conv2d_trial_create(&trial, rt_test_device(), &rt_test_layer));
    for (uint32_t i = 0; i < rt_conv2d_family_count; i++)
        for (int pass = 0; pass < RT_CONV2D_PASSES; pass++) {
            const rt_conv2d_family *family = rt_conv2d_families[i];
            const uint32_t candidates = family->candidates(rt_device_describe(rt_test_device()),
                                                           &rt_test_layer, (rt_conv2d_pass)pass);
            for (uint32_t c = 0; c < candidates; c++) {
                const rt_conv2d_choice choice = {family, c};
                bool right;
                rt_test_ok(rt_conv2d_trial_check(trial, &choice, (rt_conv2d_pass)pass, &right));
                cr_assert(right, "%s %u, %s", family->name, c,
                          rt_conv2d_pass_name((rt_conv2d_pass)pass));
            }
        }
    rt_conv2d_trial_free(trial);
}
