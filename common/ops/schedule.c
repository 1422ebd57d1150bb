#include "common/ops/schedule.h"

#include <math.h>

enum { COLUMNS = 4, LEARNING_RATE = 0, CORRECTION_1 = 1, CORRECTION_2 = 2 };

static float *cell(float *rows, uint32_t step, int column)
{
    return rows + (size_t)step * COLUMNS + column;
}

void rt_schedule_constant(float *rows, uint32_t steps, double learning_rate)
{
    for (uint32_t i = 0; i < steps; i++) *cell(rows, i, LEARNING_RATE) = (float)learning_rate;
}

void rt_schedule_cosine(float *rows, uint32_t steps, double first, double last)
{
    for (uint32_t i = 0; i < steps; i++) {
        const double share = (1 + cos(M_PI * i / steps)) / 2;
        *cell(rows, i, LEARNING_RATE) = (float)(last + (first - last) * share);
    }
}

void rt_schedule_step(float *rows, uint32_t steps, double learning_rate, double factor,
                      const uint32_t *milestones, size_t count)
{
    for (uint32_t i = 0; i < steps; i++) {
        double rate = learning_rate;
        for (size_t m = 0; m < count; m++)
            if (i >= milestones[m]) rate *= factor;
        *cell(rows, i, LEARNING_RATE) = (float)rate;
    }
}

void rt_schedule_adam(float *rows, uint32_t steps, double beta1, double beta2)
{
    for (uint32_t i = 0; i < steps; i++) {
        const double t = (double)i + 1;
        *cell(rows, i, CORRECTION_1) = (float)(1 / (1 - pow(beta1, t)));
        *cell(rows, i, CORRECTION_2) = (float)(1 / (1 - pow(beta2, t)));
    }
}
