#version 450
// y[n,h,w] = x[n, h / FACTOR, w / FACTOR]
// Layout  X: [N*H,W,C4], y: [N*H*FACTOR, W*FACTOR, C4] as vec4: FACTOR divides the rows of a batch
//         as it divides those of an image, so neither N nor H is needed. Padding stays 0.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint W = 1; // of x
layout(constant_id = 4) const uint FACTOR = 1;
layout(push_constant) uniform Push {
    uint count; // of y
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint pixel = i / C4;
        const uint w = pixel % (W * FACTOR) / FACTOR;
        const uint row = pixel / (W * FACTOR) / FACTOR;
        y[i] = imageLoad(X, X_offset + int((row * W + w) * C4 + i % C4));
    }
}
