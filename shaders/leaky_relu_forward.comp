#version 450
// y = x where x > 0, else negative_slope * x
// Layout  X, y: [N,H,W,C4] as vec4. Padding channels are 0 and stay 0: f(0) = 0.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    float negative_slope;
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const vec4 x = imageLoad(X, X_offset + int(i));
        y[i] = mix(negative_slope * x, x, greaterThan(x, vec4(0)));
    }
}
