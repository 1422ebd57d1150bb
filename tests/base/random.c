#include "common/base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>

/* Known answers of the authors' Random123 distribution: counter and key all zeros, all ones, pi. */
Test(base_random, philox_known_answers)
{
    static const struct {
        uint64_t seed, element;
        uint32_t step, stream, draws[4];
    } cases[] = {
        {0, 0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_MAX,
         UINT64_MAX,
         UINT32_MAX,
         UINT32_MAX,
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {0x299f31d0a4093822,
         0x85a308d3243f6a88,
         0x13198a2e,
         0x03707344,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (int i = 0; i < 3; i++) {
        uint32_t draws[4];
        rt_philox(cases[i].seed, cases[i].stream, cases[i].step, cases[i].element, draws);
        for (int j = 0; j < 4; j++) cr_assert_eq(draws[j], cases[i].draws[j], "%d %d", i, j);
    }
}

/* The shader's text, compiled as C: GLSL's words that C lacks. */
typedef unsigned int uint;
typedef struct uvec4 {
    uint x, y, z, w;
} uvec4;
uvec4 philox(uint seed_low, uint seed_high, uint stream, uint step, uint element);
float uniform01(uint draw);
#define uvec4(a, b, c, d) ((uvec4){a, b, c, d})
#define umulExtended(a, b, high, low)                                                              \
    (high = (uint)((uint64_t)(a) * (b) >> 32), low = (uint)((a) * (b)))
#define float(value) ((float)(value))
#include "shaders/random.glsl"
#undef uvec4
#undef umulExtended
#undef float

Test(base_random, shader_draws_the_same)
{
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t draws[4];
        const uint64_t seed = i * 0x9E3779B97F4A7C15u;
        rt_philox(seed, i % 7, i * 31, i * 77777u, draws);
        const uvec4 shader =
            philox((uint32_t)seed, (uint32_t)(seed >> 32), i % 7, i * 31, i * 77777u);
        cr_assert_eq(shader.x, draws[0]);
        cr_assert_eq(shader.y, draws[1]);
        cr_assert_eq(shader.z, draws[2]);
        cr_assert_eq(shader.w, draws[3]);
        cr_assert_eq(uniform01(shader.x), rt_random_uniform(draws[0]));
    }
}

Test(base_random, uniform_and_below_stay_inside)
{
    cr_assert_eq(rt_random_uniform(0), 0.0f);
    cr_assert_eq(rt_random_uniform(UINT32_MAX), 1.0f - 0x1p-24f);
    cr_assert_eq(rt_random_uniform(0x80000000), 0.5f);
    cr_assert_eq(rt_random_below(0, 10), 0);
    cr_assert_eq(rt_random_below(UINT32_MAX, 10), 9);
    cr_assert_eq(rt_random_below(UINT32_MAX, 1), 0);
    cr_assert_eq(rt_random_below(UINT32_MAX, UINT32_MAX), UINT32_MAX - 1);
    int counts[10] = {0};
    for (uint32_t i = 0; i < 10000; i++) {
        uint32_t draws[4];
        rt_philox(5, RT_STREAM_SHUFFLE, 0, i, draws);
        counts[rt_random_below(draws[0], 10)]++;
    }
    /* 1,000 each; deviation sqrt(900) = 30, five of them */
    for (int k = 0; k < 10; k++) cr_assert(abs(counts[k] - 1000) < 150, "%d: %d", k, counts[k]);
}

Test(base_random, normal_has_the_moments_and_does_not_depend_on_the_split)
{
    enum { COUNT = 100001 };
    static float values[COUNT], again[COUNT];
    rt_random_normal(3, RT_STREAM_LATENT, 2, 0, COUNT, values);
    double sum[5] = {0};
    for (int i = 0; i < COUNT; i++) {
        cr_assert(isfinite(values[i]) && fabsf(values[i]) < 6.7f);
        for (int power = 1; power <= 4; power++) sum[power] += pow(values[i], power);
    }
    cr_assert_float_eq(sum[1] / COUNT, 0, 0.016); /* five deviations of each mean */
    cr_assert_float_eq(sum[2] / COUNT, 1, 0.022);
    cr_assert_float_eq(sum[3] / COUNT, 0, 0.061);
    cr_assert_float_eq(sum[4] / COUNT, 3, 0.155);
    /* neighbours come from one pair of draws: still independent */
    double product = 0;
    for (int i = 0; i + 1 < COUNT; i += 2) product += (double)values[i] * values[i + 1];
    cr_assert_float_eq(product / (COUNT / 2), 0, 0.0224);
    for (uint64_t first = 0; first < COUNT;) { /* in odd pieces */
        const uint64_t count = first + 777 < COUNT ? 777 : COUNT - first;
        rt_random_normal(3, RT_STREAM_LATENT, 2, first, count, again + first);
        first += count;
    }
    for (int i = 0; i < COUNT; i++) cr_assert_eq(values[i], again[i]);
}
