#version 450
// x_gradient = g where x > 0, else slope * g; g = y's gradient
// Layout  X, G, x_gradient: [N,H,W,C4] as vec4, SLOPE: [C4], or one number in .x (SCALAR). Padding
//         channels of g are 0 and stay 0.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "broadcast.glsl"
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int X_offset;
    int SLOPE_offset;
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer SLOPE;
layout(binding = 2, rgba32f) readonly uniform imageBuffer G;
layout(binding = 3, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const vec4 slope = spread(imageLoad(SLOPE, SLOPE_offset + int(small_index(i))));
        const vec4 g = imageLoad(G, G_offset + int(i));
        const vec4 x = imageLoad(X, X_offset + int(i));
        x_gradient[i] = mix(slope * g, g, greaterThan(x, vec4(0)));
    }
}
