#ifndef RT_BASE_RANDOM_H
#define RT_BASE_RANDOM_H

/**
 * Counter-based random numbers: Philox-4x32-10 (Salmon et al. 2011), the same as
 * shaders/random.glsl. A draw is a function of (seed, stream, step, element) alone, so results do
 * not depend on order, threads or how a batch is split. `stream` keeps uses apart: every use has a
 * row in the enum.
 */

#include <stdint.h>

typedef enum rt_random_stream {
    RT_STREAM_WEIGHTS = 1, ///< initial weights of a network
    RT_STREAM_GENERATOR,   ///< (re-)initialised generator weights; step = round
    RT_STREAM_LATENT,      ///< z; step = round
    RT_STREAM_LABELS,      ///< labels asked for; step = round
    RT_STREAM_SHUFFLE,     ///< order of samples; step = epoch
    RT_STREAM_AUGMENT,     ///< crop and flip; step = step counter
    RT_STREAM_TRIPLET,     ///< negatives; step = step counter
    RT_STREAM_NOISE,       ///< the demo's control
    RT_STREAM_PICTURE,     ///< which samples a grid shows
    RT_STREAM_SPLIT,
    RT_STREAM_DROPOUT, ///< dropped activations; + 256 * number of the layer; step = step counter
} rt_random_stream;

/** Four independent 32-bit draws. Key = (low, high) words of seed; counter = (element low, element
 *  high, step, stream). */
void rt_philox(uint64_t seed, uint32_t stream, uint32_t step, uint64_t element, uint32_t draws[4]);

/** Uniform in [0,1): (draw >> 8) * 2^-24. */
float rt_random_uniform(uint32_t draw);

/** `count` normal draws (mean 0, deviation 1; Box-Muller in double). Elements 2c and
 *  2c + 1 are r cos(a) and r sin(a) of counter c: r = sqrt(-2 ln((draw0 + 1) 2^-32)),
 *  a = 2 pi draw1 2^-32. */
void rt_random_normal(uint64_t seed, uint32_t stream, uint32_t step, uint64_t first, uint64_t count,
                      float *values);

/** Uniform whole number in [0,bound), bound >= 1 (64-bit multiply; bias below 2^-32). */
uint32_t rt_random_below(uint32_t draw, uint32_t bound);

#endif
