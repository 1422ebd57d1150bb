#version 450
// x_gradient = g * factor, channel by channel; g = y's gradient
// Layout  G, x_gradient: [N,H,W,C4], FACTOR: [C4] as vec4. Padding channels of all are 0.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int G_offset;
    int FACTOR_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, rgba32f) readonly uniform imageBuffer FACTOR;
layout(binding = 2, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE)
        x_gradient[i] = imageLoad(G, G_offset + int(i)) * imageLoad(FACTOR, FACTOR_offset + int(i % C4));
}
