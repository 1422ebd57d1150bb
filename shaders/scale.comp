#version 450
// y = factor * x; the same for the gradients
// Layout  X, y: [N,H,W,C4] as vec4. Padding channels are 0 and stay 0.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    float factor;
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE)
        y[i] = factor * imageLoad(X, X_offset + int(i));
}
