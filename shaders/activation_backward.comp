#version 450
// x_gradient = g * f'(x), f of activation.glsl; g = y's gradient
// Layout  X, G, x_gradient: [N,H,W,C4] as vec4. Padding channels of g are 0; they are written as 0
//         where f'(0) is infinite, too.
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
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer G;
layout(binding = 2, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    const uint C4 = (CHANNELS + 3) / 4;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const vec4 derivative = activation_derivative(KIND, imageLoad(X, X_offset + int(i)), a, b);
        const vec4 value = imageLoad(G, G_offset + int(i)) * derivative;
        x_gradient[i] = CHANNELS % 4 == 0 ? value : only_real_channels(value, i % C4, CHANNELS);
    }
}
