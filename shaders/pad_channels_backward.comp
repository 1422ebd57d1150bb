#version 450
// x_gradient[n,h,w,c] = g[n, h / STRIDE, w / STRIDE, c + BEFORE] where STRIDE divides h and w, else 0;
//     g = y's gradient
// Layout  x_gradient: [N,H,W,C4], G: [N,OUTPUT_H,OUTPUT_W,OUTPUT_C4] as vec4. x's padding channels
//         are written as 0: g goes on behind them.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint CHANNELS = 1; // of x
layout(constant_id = 3) const uint H = 1;
layout(constant_id = 4) const uint W = 1;
layout(constant_id = 5) const uint OUTPUT_C4 = 1;
layout(constant_id = 6) const uint OUTPUT_H = 1;
layout(constant_id = 7) const uint OUTPUT_W = 1;
layout(constant_id = 8) const uint STRIDE = 1;
layout(constant_id = 9) const uint BEFORE = 0;
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, std430) writeonly buffer Output { vec4 x_gradient[]; };

vec4 load(uint pixel, uint c4, bool valid)
{
    return imageLoad(G, valid && c4 < OUTPUT_C4 ? G_offset + int(pixel * OUTPUT_C4 + c4) : 0);
}

void main()
{
    const uint C4 = (CHANNELS + 3) / 4;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint c4 = i % C4;
        const uint w = i / C4 % W;
        const uint row = i / C4 / W;
        const uint h = row % H;
        const bool taken = h % STRIDE == 0 && w % STRIDE == 0;
        const uint pixel = (row / H * OUTPUT_H + h / STRIDE) * OUTPUT_W + w / STRIDE;
        const uint low = c4 + BEFORE / 4;
        x_gradient[i] = real_channels(c4, CHANNELS) *
                        four_channels(load(pixel, low, taken), load(pixel, low + 1, taken), BEFORE % 4);
    }
}
