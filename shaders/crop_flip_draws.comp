#version 450
// draws = (dx, dy, flip): whole numbers below `offsets`, `offsets` and `flips`, for output image i
//     from Philox at (seed, stream, step, i)
// Layout  step: the first counter; draws: [N*views] as vec4, .w = 0.
// Work    one invocation: VECTORS images (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "random.glsl"
layout(push_constant) uniform Push {
    uint count; // N*views
    uint seed_low;
    uint seed_high;
    uint stream;
    uint offsets; // 2 padding + 1
    uint flips; // 2, or 1: never
};
layout(binding = 0, std430) readonly buffer Counters { uint counters[]; };
layout(binding = 1, std430) writeonly buffer Output { vec4 draws[]; };

// draw * bound / 2^32, as rt_random_below
uint below(uint draw, uint bound)
{
    uint high;
    uint low;
    umulExtended(draw, bound, high, low);
    return high;
}

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uvec4 draw = philox(seed_low, seed_high, stream, counters[0], i);
        draws[i] = vec4(below(draw.x, offsets), below(draw.y, offsets), below(draw.z, flips), 0);
    }
}
