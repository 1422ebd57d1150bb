#version 450
// y = factor * x where the draw is at least `probability`, else 0; the same for the gradients. Draws:
//     the words of Philox at (seed, stream, step, i) for the channels of vec4 i
// Layout  X, y: [N,H,W,C4] as vec4; step: the first counter. Padding channels are 0 and stay 0.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "random.glsl"
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    uint seed_low;
    uint seed_high;
    uint stream;
    float probability;
    float factor;
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) readonly buffer Counters { uint counters[]; };
layout(binding = 2, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    const uint step = counters[0]; // once: not a load in the loop
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uvec4 draw = philox(seed_low, seed_high, stream, step, i);
        const vec4 uniforms = vec4(uniform01(draw.x), uniform01(draw.y), uniform01(draw.z),
                                   uniform01(draw.w));
        const vec4 x = imageLoad(X, X_offset + int(i));
        y[i] = mix(factor * x, vec4(0), lessThan(uniforms, vec4(probability)));
    }
}
