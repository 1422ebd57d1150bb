#version 450
// y = a + b
// Layout  A, B, y: [N,H,W,C4] as vec4. Padding channels stay 0.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int A_offset;
    int B_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer A;
layout(binding = 1, rgba32f) readonly uniform imageBuffer B;
layout(binding = 2, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE)
        y[i] = imageLoad(A, A_offset + int(i)) + imageLoad(B, B_offset + int(i));
}
