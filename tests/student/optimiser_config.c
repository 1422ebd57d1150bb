/* The learning rate against the schedules' definitions. */
#include "student/optimiser_config.h"

#include <criterion/criterion.h>
#include <math.h>

enum { STEPS = 800, ROUND = 40 };

/* torch.optim.lr_scheduler.CosineAnnealingLR, stepped once an epoch: eta_min 0, T_max epochs. */
Test(student_optimiser_config, cosine_once_a_round_stays_within_it)
{
    const rt_optimiser_config optimiser = {
        .learning_rate = 0.1f, .schedule = RT_SCHEDULE_COSINE, .schedule_interval = ROUND};
    for (uint64_t step = 0; step < STEPS; step++) {
        const double epoch = (double)(step / ROUND), epochs = STEPS / ROUND;
        const double expected = (double)0.1f * (1 + cos(3.14159265358979 * epoch / epochs)) / 2;
        cr_assert_float_eq(rt_learning_rate(&optimiser, step, STEPS), expected, 1e-12, "step %d",
                           (int)step);
    }
}

Test(student_optimiser_config, without_an_interval_every_step_has_its_own_rate)
{
    rt_optimiser_config optimiser = {.learning_rate = 0.5f, .schedule = RT_SCHEDULE_COSINE};
    for (uint32_t interval = 0; interval < 2; interval++) {
        optimiser.schedule_interval = interval;
        cr_assert_float_eq(rt_learning_rate(&optimiser, 0, STEPS), 0.5, 1e-12);
        cr_assert_float_eq(rt_learning_rate(&optimiser, STEPS / 2, STEPS), 0.25, 1e-12);
        for (uint64_t step = 1; step < STEPS; step++)
            cr_assert_lt(rt_learning_rate(&optimiser, step, STEPS),
                         rt_learning_rate(&optimiser, step - 1, STEPS));
    }
}

Test(student_optimiser_config, steps_drop_the_rate_at_the_milestones)
{
    const rt_optimiser_config optimiser = {
        .learning_rate = 1,
        .schedule = RT_SCHEDULE_STEP,
        .milestones = {(float[]){0.5f, 0.75f}, 2},
        .gamma = 0.5f,
    };
    const double expected[] = {1, 1, 0.5, 0.25};
    for (uint64_t quarter = 0; quarter < 4; quarter++)
        for (uint64_t i = 0; i < STEPS / 4; i++)
            cr_assert_float_eq(rt_learning_rate(&optimiser, quarter * STEPS / 4 + i, STEPS),
                               expected[quarter], 1e-12);
}

/* 4/9 is no binary fraction: the drop must come with its epoch, not one later. */
Test(student_optimiser_config, milestones_count_from_the_end_of_the_warmup)
{
    enum { EPOCH = 390, EPOCHS = 100 };
    const rt_optimiser_config optimiser = {
        .learning_rate = 1,
        .schedule = RT_SCHEDULE_STEP,
        .schedule_interval = EPOCH,
        .warmup = 0.1f,
        .milestones = {(float[]){40.f / 90, 65.f / 90}, 2},
        .gamma = 0.1f,
    };
    for (uint64_t epoch = 10; epoch < EPOCHS; epoch++) {
        const double expected = epoch < 50 ? 1 : epoch < 75 ? 0.1 : 0.01;
        cr_assert_float_eq(rt_learning_rate(&optimiser, epoch * EPOCH + 7, EPOCHS * EPOCH),
                           expected, 1e-6, "epoch %d", (int)epoch);
    }
}

Test(student_optimiser_config, warmup_grows_linearly_to_the_highest_rate)
{
    rt_optimiser_config optimiser = {
        .learning_rate = 2, .schedule = RT_SCHEDULE_CONSTANT, .warmup = 0.25f};
    cr_assert_float_eq(rt_learning_rate(&optimiser, 0, STEPS), 2. / 200, 1e-12);
    cr_assert_float_eq(rt_learning_rate(&optimiser, 99, STEPS), 1, 1e-12);
    cr_assert_float_eq(rt_learning_rate(&optimiser, 199, STEPS), 2, 1e-12);
    cr_assert_float_eq(rt_learning_rate(&optimiser, 700, STEPS), 2, 1e-12);
    optimiser.schedule_interval = ROUND; /* 5 rounds of warm-up: 1/5 of the rate in the first */
    cr_assert_float_eq(rt_learning_rate(&optimiser, ROUND - 1, STEPS), 0.4, 1e-12);
    cr_assert_float_eq(rt_learning_rate(&optimiser, ROUND, STEPS), 0.8, 1e-12);
}
