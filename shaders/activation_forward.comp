#version 450
// y = f(x), f of activation.glsl
// Layout  X, y: [N,H,W,C4] as vec4. Padding channels are written as 0 where f(0) is not.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "activation.glsl"
layout(constant_id = 2) const uint KIND = 0;
layout(constant_id = 3) const uint CHANNELS = 4; // 4: padding needs no care
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    float a;
    float b;
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    const uint C4 = (CHANNELS + 3) / 4;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const vec4 value = activation(KIND, imageLoad(X, X_offset + int(i)), a, b);
        y[i] = CHANNELS % 4 == 0 ? value : only_real_channels(value, i % C4, CHANNELS);
    }
}
