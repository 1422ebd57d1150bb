#version 450
// x_gradient[n,h,w,c] = g[n, h / STRIDE, w / STRIDE, c + BEFORE] where STRIDE divides h and w, else 0;
//     g = y's gradient
// Layout  x_gradient: [N,H,W,C4], G: [N,OUTPUT_H,OUTPUT_W,OUTPUT_C4] as vec4. x's padding channels
//         are written as 0: g goes on behind them.
// Work    one invocation: VECTORS times (tensor.glsl) the STRIDE x STRIDE pixels of x that begin at
//         the one that a pixel of y was taken from: whole-number divisions are dear on CPU drivers,
//         so they are made once for all of these.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#extension GL_EXT_control_flow_attributes : require
layout(constant_id = 2) const uint CHANNELS = 1; // of x
layout(constant_id = 3) const uint H = 1;
layout(constant_id = 4) const uint W = 1;
layout(constant_id = 5) const uint OUTPUT_C4 = 1;
layout(constant_id = 6) const uint OUTPUT_H = 1;
layout(constant_id = 7) const uint OUTPUT_W = 1;
layout(constant_id = 8) const uint STRIDE = 1;
layout(constant_id = 9) const uint BEFORE = 0;
layout(push_constant) uniform Push {
    uint count; // N*OUTPUT_H*OUTPUT_W*C4
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, std430) writeonly buffer Output { vec4 x_gradient[]; };

vec4 load(uint pixel, uint c4)
{
    return imageLoad(G, c4 < OUTPUT_C4 ? G_offset + int(pixel * OUTPUT_C4 + c4) : 0);
}

void main()
{
    const uint C4 = (CHANNELS + 3) / 4;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint c4 = i % C4;
        const uint from = i / C4;
        vec4 g = load(from, c4 + BEFORE / 4);
        if (BEFORE % 4 != 0) g = four_channels(g, load(from, c4 + BEFORE / 4 + 1), BEFORE % 4);
        if (CHANNELS % 4 != 0) g *= real_channels(c4, CHANNELS);
        const uint from_row = from / OUTPUT_W;
        const uint w = from % OUTPUT_W * STRIDE;
        const uint h = from_row % OUTPUT_H * STRIDE;
        const uint row = H % STRIDE == 0 ? from_row * STRIDE : from_row / OUTPUT_H * H + h;
        [[unroll]] for (uint tap = 0; tap < STRIDE * STRIDE; tap++) {
            const uint down = tap / STRIDE, right = tap % STRIDE;
            if ((H % STRIDE == 0 || h + down < H) && (W % STRIDE == 0 || w + right < W))
                x_gradient[((row + down) * W + w + right) * C4 + c4] = tap == 0 ? g : vec4(0);
        }
    }
}
