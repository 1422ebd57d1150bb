#version 450
// y = (x - mean) * factor, channel by channel
// Layout  X, y: [N,H,W,C4], MEAN, FACTOR: [C4] as vec4. Padding channels of all are 0.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int X_offset;
    int MEAN_offset;
    int FACTOR_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer MEAN;
layout(binding = 2, rgba32f) readonly uniform imageBuffer FACTOR;
layout(binding = 3, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const int c4 = int(i % C4);
        const vec4 centred = imageLoad(X, X_offset + int(i)) - imageLoad(MEAN, MEAN_offset + c4);
        y[i] = centred * imageLoad(FACTOR, FACTOR_offset + c4);
    }
}
