#include "common/base/random.h"

#include <math.h>

/* Constants of Philox-4x32 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"):
 * the multipliers of the rounds and the Weyl sequences that advance the key. */
enum { ROUNDS = 10 };
static const uint32_t multiplier_0 = 0xD2511F53, multiplier_1 = 0xCD9E8D57;
static const uint32_t weyl_0 = 0x9E3779B9, weyl_1 = 0xBB67AE85;

void rt_philox(uint64_t seed, uint32_t stream, uint32_t step, uint64_t element, uint32_t draws[4])
{
    uint32_t key_0 = (uint32_t)seed, key_1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)element, c1 = (uint32_t)(element >> 32), c2 = step, c3 = stream;
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t product_0 = (uint64_t)multiplier_0 * c0;
        const uint64_t product_1 = (uint64_t)multiplier_1 * c2;
        c0 = (uint32_t)(product_1 >> 32) ^ c1 ^ key_0;
        c1 = (uint32_t)product_1;
        c2 = (uint32_t)(product_0 >> 32) ^ c3 ^ key_1;
        c3 = (uint32_t)product_0;
        key_0 += weyl_0;
        key_1 += weyl_1;
    }
    draws[0] = c0;
    draws[1] = c1;
    draws[2] = c2;
    draws[3] = c3;
}

float rt_random_uniform(uint32_t draw) { return (float)(draw >> 8) * 0x1p-24f; }

uint32_t rt_random_below(uint32_t draw, uint32_t bound)
{
    return (uint32_t)((uint64_t)draw * bound >> 32);
}

void rt_random_normal(uint64_t seed, uint32_t stream, uint32_t step, uint64_t first, uint64_t count,
                      float *values)
{
    const double two_pi = 6.283185307179586477;
    double pair[2] = {0, 0}; /* elements 2c and 2c + 1 of counter c */
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t element = first + i;
        if (i == 0 || element % 2 == 0) {
            uint32_t draws[4];
            rt_philox(seed, stream, step, element / 2, draws);
            /* (0,1], so that the logarithm is finite: |value| <= sqrt(2 * 32 * ln 2) = 6.66 */
            const double radius = sqrt(-2 * log(((double)draws[0] + 1) * 0x1p-32));
            const double angle = two_pi * ((double)draws[1] * 0x1p-32);
            pair[0] = radius * cos(angle);
            pair[1] = radius * sin(angle);
        }
        values[i] = (float)pair[element % 2];
    }
}
