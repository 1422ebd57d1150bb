#version 450
// x_gradient = sum of g over the FACTOR x FACTOR pixels made from this one; g = y's gradient
// Layout  x_gradient: [N*H,W,C4], G: [N*H*FACTOR, W*FACTOR, C4] as vec4. Padding stays 0.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint W = 1; // of x
layout(constant_id = 4) const uint FACTOR = 1;
layout(push_constant) uniform Push {
    uint count; // of x
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint pixel = i / C4;
        const uint row = pixel / W * FACTOR;
        const uint column = pixel % W * FACTOR;
        vec4 sum = vec4(0);
        for (uint tap = 0; tap < FACTOR * FACTOR; tap++) {
            const uint at = (row + tap / FACTOR) * W * FACTOR + column + tap % FACTOR;
            sum += imageLoad(G, G_offset + int(at * C4 + i % C4));
        }
        x_gradient[i] = sum;
    }
}
