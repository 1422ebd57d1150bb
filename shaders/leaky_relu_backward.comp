#version 450
// x_gradient = g where 0 < y < ceiling, negative_slope * g where y <= 0, else 0; g = y's gradient
// Layout  Y, G, x_gradient: [N,H,W,C4] as vec4. Padding channels of g are 0 and stay 0.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "relu.glsl"
#include "tensor.glsl"
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    float negative_slope, ceiling;
    int Y_offset;
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer Y;
layout(binding = 1, rgba32f) readonly uniform imageBuffer G;
layout(binding = 2, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const vec4 g = imageLoad(G, G_offset + int(i));
        const vec4 y = imageLoad(Y, Y_offset + int(i));
        x_gradient[i] = g * relu_slope(y, vec4(negative_slope), vec4(1), ceiling);
    }
}
