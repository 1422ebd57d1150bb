#version 450
// y += bias of the channel, in place: behind a transposed convolution.
// Layout  Y: [pixels][C4] as vec4, Bias: [C4]. Work: VECTORS vec4 an invocation (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(push_constant) uniform Push {
    uint count;
    uint C4;
    int Y_offset;
    int Bias_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer Y;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Bias;
layout(binding = 2, std430) writeonly buffer Output { vec4 y[]; }; // Y again

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE)
        y[i] = imageLoad(Y, Y_offset + int(i)) + imageLoad(Bias, Bias_offset + int(i % C4));
}
