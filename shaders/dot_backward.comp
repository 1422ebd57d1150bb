#version 450
// a_gradient = g * b, g = the scalar's gradient; with a and b exchanged, b_gradient = g * a
// Layout  B, a_gradient: [N,H,W,C4] as vec4, padding channels 0; G: a scalar.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int G_offset;
    int B_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, rgba32f) readonly uniform imageBuffer B;
layout(binding = 2, std430) writeonly buffer Output { vec4 a_gradient[]; };

void main()
{
    const float g = imageLoad(G, G_offset).x;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE)
        a_gradient[i] = g * imageLoad(B, B_offset + int(i));
}
