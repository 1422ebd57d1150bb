#include "common/ops/schedule.h"

#include "common/base/status.h"

#include <criterion/criterion.h>
#include <math.h>

enum { STEPS = 200, COLUMNS = 4 };

/* Values that no function writes by chance. */
static void prepare(float *rows)
{
    for (int i = 0; i < STEPS * COLUMNS; i++) rows[i] = -7;
}

/* Only columns first..last of the rows may have changed. */
static void check_columns(const float *rows, uint32_t steps, int first, int last)
{
    for (int i = 0; i < STEPS * COLUMNS; i++) {
        const int row = i / COLUMNS, column = i % COLUMNS;
        const bool written = row < (int)steps && column >= first && column <= last;
        cr_assert_eq(rows[i] != -7, written, "row %d, column %d: %g", row, column, rows[i]);
    }
}

Test(ops_schedule, constant)
{
    float rows[STEPS * COLUMNS];
    prepare(rows);
    rt_schedule_constant(rows, 30, 0.1);
    check_columns(rows, 30, 0, 0);
    for (int i = 0; i < 30; i++) cr_assert_eq(rows[i * COLUMNS], 0.1f);
}

/* The cosine from its second difference: c(i+1) = 2 cos(pi/steps) c(i) - c(i-1). */
Test(ops_schedule, cosine)
{
    float rows[STEPS * COLUMNS];
    const uint32_t counts[] = {1, 2, 7, STEPS};
    for (size_t k = 0; k < RT_COUNT(counts); k++) {
        const uint32_t steps = counts[k];
        const double turn = cos(acos(-1) / steps);
        double before = turn, now = 1; /* c(-1), c(0) */
        prepare(rows);
        rt_schedule_cosine(rows, steps, 0.3, 0.02);
        check_columns(rows, steps, 0, 0);
        for (uint32_t i = 0; i < steps; i++) {
            cr_assert_float_eq(rows[i * COLUMNS], 0.02 + 0.28 * (1 + now) / 2, 1e-7, "%u of %u", i,
                               steps);
            const double next = 2 * turn * now - before;
            before = now;
            now = next;
        }
        cr_assert_float_eq(now, -1, 1e-9, "the end is where row `steps` would be");
    }
}

Test(ops_schedule, step)
{
    float rows[STEPS * COLUMNS];
    const uint32_t milestones[] = {150, 80, 190, 190, 1000};
    prepare(rows);
    rt_schedule_step(rows, STEPS, 0.1, 0.2, milestones, RT_COUNT(milestones));
    check_columns(rows, STEPS, 0, 0);
    const struct {
        uint32_t from, to;
        double rate;
    } parts[] = {{0, 80, 0.1}, {80, 150, 0.02}, {150, 190, 0.004}, {190, STEPS, 0.00016}};
    for (size_t p = 0; p < RT_COUNT(parts); p++)
        for (uint32_t i = parts[p].from; i < parts[p].to; i++)
            cr_assert_float_eq(rows[i * COLUMNS], parts[p].rate, 1e-7 * parts[p].rate, "step %u",
                               i);
    rt_schedule_step(rows, STEPS, 0.1, 0.2, NULL, 0);
    for (uint32_t i = 0; i < STEPS; i++) cr_assert_eq(rows[i * COLUMNS], 0.1f);
}

/* 1 - beta^t = (1 - beta) (1 + beta + ... + beta^(t-1)), t from 1. */
Test(ops_schedule, adam)
{
    float rows[STEPS * COLUMNS];
    const double betas[2] = {0.5, 0.999};
    double power[2] = {1, 1}, sum[2] = {0, 0};
    prepare(rows);
    rt_schedule_adam(rows, STEPS, betas[0], betas[1]);
    check_columns(rows, STEPS, 1, 2);
    for (int i = 0; i < STEPS; i++) {
        for (int b = 0; b < 2; b++) {
            sum[b] += power[b];
            power[b] *= betas[b];
            const double wanted = 1 / ((1 - betas[b]) * sum[b]);
            cr_assert_float_eq(rows[i * COLUMNS + 1 + b], wanted, 1e-6 * wanted, "row %d: %g", i,
                               rows[i * COLUMNS + 1 + b]);
        }
    }
}

/* As the optimisers use them: each function leaves the others' columns. */
Test(ops_schedule, functions_combine)
{
    float rows[STEPS * COLUMNS];
    prepare(rows);
    rt_schedule_adam(rows, STEPS, 0.9, 0.999);
    rt_schedule_cosine(rows, STEPS, 1e-3, 0);
    check_columns(rows, STEPS, 0, 2);
    cr_assert_float_eq(rows[0], 1e-3, 1e-9);
    cr_assert_float_eq(rows[1], 10, 1e-5);
}
