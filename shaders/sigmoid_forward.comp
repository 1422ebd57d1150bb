#version 450
// y = 1 / (1 + exp(-x))
// Layout  X, y: [N,H,W,C4] as vec4. Padding channels are written as 0: f(0) is not.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint CHANNELS = 4;
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    const uint C4 = (CHANNELS + 3) / 4;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE)
        y[i] = real_channels(i % C4, CHANNELS) / (1 + exp(-imageLoad(X, X_offset + int(i))));
}
