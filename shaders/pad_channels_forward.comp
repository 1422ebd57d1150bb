#version 450
// y[n,h,w,c] = x[n, STRIDE h, STRIDE w, c - BEFORE], 0 where there is no such channel
// Layout  X: [N,H,W,C4], y: [N,OUTPUT_H,OUTPUT_W,OUTPUT_C4] as vec4. x's padding channels are 0, and
//         so are those of y.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl), each made of two of x unless BEFORE is a
//         multiple of 4.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint H = 1; // of x
layout(constant_id = 4) const uint W = 1;
layout(constant_id = 5) const uint OUTPUT_C4 = 1;
layout(constant_id = 6) const uint OUTPUT_H = 1;
layout(constant_id = 7) const uint OUTPUT_W = 1;
layout(constant_id = 8) const uint STRIDE = 1;
layout(constant_id = 9) const uint BEFORE = 0;
layout(push_constant) uniform Push {
    uint count; // N*OUTPUT_H*OUTPUT_W*OUTPUT_C4
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

vec4 load(uint pixel, int c4)
{
    const bool valid = c4 >= 0 && c4 < int(C4);
    return imageLoad(X, valid ? X_offset + int(pixel * C4) + c4 : 0);
}

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint to = i / OUTPUT_C4;
        const uint row = to / OUTPUT_W;
        const uint from_row =
            H % STRIDE == 0 ? row * STRIDE : row / OUTPUT_H * H + row % OUTPUT_H * STRIDE;
        const uint pixel = from_row * W + to % OUTPUT_W * STRIDE;
        const int low = int(i % OUTPUT_C4) - int((BEFORE + 3) / 4);
        vec4 x = load(pixel, low);
        if (BEFORE % 4 != 0) x = four_channels(x, load(pixel, low + 1), 4 - BEFORE % 4);
        y[i] = x;
    }
}
