/* The values of the inputs of an operator under test. */

#include "tests/ops/operator_private.h"

#include "common/base/random.h"

#include <math.h>

double rt_test_uniform(uint64_t seed, uint64_t position)
{
    uint32_t draws[4];
    rt_philox(seed, 0, 0, position, draws);
    return rt_random_uniform(draws[0]);
}

void rt_test_distinct(const rt_test_draw *draw, float *values)
{
    for (uint64_t i = 0; i < draw->count; i++)
        values[i] = ((float)i - (float)(draw->count / 2)) / 64;
    for (uint64_t i = draw->count; i-- > 1;) {
        const uint64_t j = (uint64_t)(rt_test_uniform(draw->seed, i) * (double)(i + 1));
        const float other = values[j];
        values[j] = values[i];
        values[i] = other;
    }
}

static void draw_uniform(const rt_operator_test *test, const rt_test_input *input,
                         const rt_test_draw *draw, float *values)
{
    const bool default_range = input->low == 0 && input->high == 0;
    const double low = default_range ? -1 : input->low, high = default_range ? 1 : input->high;
    const double away =
        input->keep_away_from_zero > 0 ? input->keep_away_from_zero : test->keep_away_from_zero;
    for (uint64_t i = 0; i < draw->count; i++) {
        const double x = low + (high - low) * rt_test_uniform(draw->seed, i);
        values[i] = (float)(fabs(x) < away ? copysign(away + fabs(x), x) : x);
    }
}

void rt_test_case_draw(rt_test_case *c)
{
    for (uint32_t i = 0; i < c->input_count; i++) {
        const rt_test_input *input = &c->test->inputs[i];
        const rt_test_draw draw = {.shape = c->shapes[i],
                                   .count = rt_test_numbers(c->shapes[i]),
                                   .seed = c->test->seed + 1000 * c->number + i,
                                   .parameters = c->test->parameters};
        if (draw.count == 0) continue; /* left out */
        rt_test_ok(RT_ALLOC(c->values[i], draw.count));
        rt_test_ok(RT_ALLOC(c->doubles[i], draw.count));
        if (input->generate != NULL)
            input->generate(&draw, c->values[i]);
        else
            draw_uniform(c->test, input, &draw, c->values[i]);
        for (uint64_t j = 0; j < draw.count; j++) c->doubles[i][j] = c->values[i][j];
    }
}
