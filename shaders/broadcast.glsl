// Where the numbers of a small tensor are that belong to those of a large one. The host has merged
// the dimensions to at most four, outermost first (common/ops/broadcast.c): what is not needed has
// an extent of 1 or a stride of 0, and its division is never made.
#ifndef BROADCAST_GLSL
#define BROADCAST_GLSL

layout(constant_id = 2) const uint EXTENT_1 = 1; // vec4 of the large tensor
layout(constant_id = 3) const uint EXTENT_2 = 1;
layout(constant_id = 4) const uint EXTENT_3 = 1;
layout(constant_id = 5) const uint STRIDE_0 = 0; // vec4 of the small tensor; 0: repeated
layout(constant_id = 6) const uint STRIDE_1 = 0;
layout(constant_id = 7) const uint STRIDE_2 = 0;
layout(constant_id = 8) const uint STRIDE_3 = 0;
layout(constant_id = 9) const bool SCALAR = false; // one number for all channels
layout(constant_id = 10) const uint CHANNELS = 4;  // of the large one; 4: padding needs no care

// of vec4 i of the large tensor
uint small_index(uint i)
{
    return i / (EXTENT_1 * EXTENT_2 * EXTENT_3) * STRIDE_0 +
           i / (EXTENT_2 * EXTENT_3) % EXTENT_1 * STRIDE_1 + i / EXTENT_3 % EXTENT_2 * STRIDE_2 +
           i % EXTENT_3 * STRIDE_3;
}

vec4 spread(vec4 small) { return SCALAR ? small.xxxx : small; }

vec4 without_padding(vec4 v, uint i)
{
    return CHANNELS % 4 == 0 ? v : only_real_channels(v, i % ((CHANNELS + 3) / 4), CHANNELS);
}

#endif
