#version 450
// x_gradient = g / PIXELS at every pixel, g = y's gradient
// Layout  x_gradient: [N,PIXELS,C4], G: [N,C4] as vec4. Padding channels are 0 and stay 0.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint PIXELS = 1;
layout(push_constant) uniform Push {
    uint count; // N*PIXELS*C4
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint from = i / (PIXELS * C4) * C4 + i % C4;
        x_gradient[i] = imageLoad(G, G_offset + int(from)) / float(PIXELS);
    }
}
