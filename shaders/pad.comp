#version 450
// y[n,h,w,c] = x[n, h - DOWN, w - RIGHT, c], `value` where there is no such pixel. The gradient is the
//     same the other way: moved up and left
// Layout  X: [N,H,W,C4], y: [N,OUTPUT_H,OUTPUT_W,C4] as vec4. Padding channels are written as 0.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint CHANNELS = 1;
layout(constant_id = 3) const uint H = 1; // of x
layout(constant_id = 4) const uint W = 1;
layout(constant_id = 5) const uint OUTPUT_H = 1; // of y
layout(constant_id = 6) const uint OUTPUT_W = 1;
layout(constant_id = 7) const int DOWN = 0;
layout(constant_id = 8) const int RIGHT = 0;
layout(push_constant) uniform Push {
    uint count; // N*OUTPUT_H*OUTPUT_W*C4
    float value;
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    const uint C4 = (CHANNELS + 3) / 4;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint c4 = i % C4;
        const uint row = i / C4 / OUTPUT_W; // n * OUTPUT_H + the row of y
        const int w = int(i / C4 % OUTPUT_W) - RIGHT;
        const int h = int(row % OUTPUT_H) - DOWN;
        const bool inside = h >= 0 && h < int(H) && w >= 0 && w < int(W);
        const int at = ((int(row / OUTPUT_H * H) + h) * int(W) + w) * int(C4) + int(c4);
        const vec4 x = imageLoad(X, inside ? X_offset + at : 0);
        y[i] = mix(only_real_channels(vec4(value), c4, CHANNELS), x, bvec4(inside));
    }
}
