#version 450
// y[pixel, j GROUPS + i] = x[pixel, i CHANNELS / GROUPS + j]; the same for the gradients, with
//     CHANNELS / GROUPS groups
// Layout  X, y: [pixels][C4] as vec4. Padding channels are written as 0.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl), each made of four fetches.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "gather.glsl"
layout(constant_id = 2) const uint CHANNELS = 4;
layout(constant_id = 3) const uint GROUPS = 1;
layout(push_constant) uniform Push {
    uint count; // pixels * C4
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

float source(uint first, uint channel)
{
    const uint from = channel % GROUPS * (CHANNELS / GROUPS) + channel / GROUPS;
    const bool real = CHANNELS % 4 == 0 || channel < CHANNELS;
    return component(imageLoad(X, real ? X_offset + int(first + from / 4) : 0), from % 4);
}

void main()
{
    const uint C4 = (CHANNELS + 3) / 4;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint channel = 4 * (i % C4);
        const uint first = i - i % C4;
        y[i] = vec4(source(first, channel), source(first, channel + 1), source(first, channel + 2),
                    source(first, channel + 3));
    }
}
