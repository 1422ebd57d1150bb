// Philox-4x32-10 (Salmon et al. 2011): the same draws as rt_philox in common/base/random.c.
// A draw depends on (seed, stream, step, element) alone; key = seed, counter = (element, 0, step,
// stream). Streams are numbered by rt_random_stream in common/base/random.h.
// Plain enough to compile as C too: that is how tests/base/random.c compares it.
#ifndef RANDOM_GLSL
#define RANDOM_GLSL

uvec4 philox(uint seed_low, uint seed_high, uint stream, uint step, uint element)
{
    uint key_0 = seed_low;
    uint key_1 = seed_high;
    uvec4 counter = uvec4(element, 0u, step, stream);
    for (int round_number = 0; round_number < 10; round_number++) {
        uint high_0;
        uint low_0;
        uint high_1;
        uint low_1;
        umulExtended(0xD2511F53u, counter.x, high_0, low_0);
        umulExtended(0xCD9E8D57u, counter.z, high_1, low_1);
        counter = uvec4(high_1 ^ counter.y ^ key_0, low_1, high_0 ^ counter.w ^ key_1, low_0);
        key_0 += 0x9E3779B9u;
        key_1 += 0xBB67AE85u;
    }
    return counter;
}

// [0,1) in steps of 2^-24
float uniform01(uint draw)
{
    return float(draw >> 8) * 5.9604644775390625e-8;
}

#endif
