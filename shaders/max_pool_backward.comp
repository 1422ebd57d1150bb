#version 450
// x_gradient = sum of g over the windows whose first maximum (row by row) is this pixel; g = y's
//     gradient
// Layout  X, x_gradient: [N,H,W,C4], Y, G: [N,OUTPUT_H,OUTPUT_W,C4] as vec4. g's padding is 0.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl). Whether it is a window's first maximum
//         it sees from the taps before its own: nothing has to be kept, nothing is scattered.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "pool.glsl"
#extension GL_EXT_control_flow_attributes : require
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int X_offset;
    int Y_offset;
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Y;
layout(binding = 2, rgba32f) readonly uniform imageBuffer G;
layout(binding = 3, std430) writeonly buffer Output { vec4 x_gradient[]; };

struct Pixel {
    uint n, h, w, c4;
};

// 1 for the channels in which this tap of the window comes before `own` and is its maximum, too
uvec4 earlier_maximum(uint tap, uint own, int top, int left, Pixel p, vec4 maximum)
{
    const int h = top + int(tap / KERNEL_W);
    const int w = left + int(tap % KERNEL_W);
    const bool valid = tap < own && h >= 0 && h < int(H) && w >= 0 && w < int(W);
    const int at = ((int(p.n * H) + h) * int(W) + w) * int(C4) + int(p.c4);
    return uint(valid) * uvec4(equal(imageLoad(X, valid ? X_offset + at : 0), maximum));
}

// what window k of those that the pixel can be in gives
vec4 from_window(uint k, Pixel p, vec4 x)
{
    const uint TAPS = KERNEL_H * KERNEL_W;
    const Window window = window_of_pixel(p.h, p.w, k);
    const int at = ((int(p.n * OUTPUT_H) + window.row) * int(OUTPUT_W) + window.column) * int(C4) +
                   int(p.c4);
    const vec4 maximum = imageLoad(Y, window.valid ? Y_offset + at : 0);
    const vec4 g = imageLoad(G, window.valid ? G_offset + at : 0);
    const uint own = uint(window.tap_h) * KERNEL_W + uint(window.tap_w);
    const int top = int(p.h) - window.tap_h, left = int(p.w) - window.tap_w;
    uvec4 earlier = uvec4(0);
    if (TAPS <= UNROLLED) {
        [[unroll]] for (uint tap = 0; tap < TAPS; tap++)
            earlier |= earlier_maximum(tap, own, top, left, p, maximum);
    } else {
        for (uint tap = 0; tap < TAPS; tap++)
            earlier |= earlier_maximum(tap, own, top, left, p, maximum);
    }
    // g is the zero texel for a window that is not there
    return g * vec4(equal(x, maximum)) * vec4(1 - earlier);
}

void main()
{
    const uint WINDOWS = windows_h() * windows_w();
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint pixel = i / C4;
        const Pixel p = Pixel(pixel / (W * H), pixel / W % H, pixel % W, i % C4);
        const vec4 x = imageLoad(X, X_offset + int(i));
        vec4 sum = vec4(0);
        if (WINDOWS * KERNEL_H * KERNEL_W <= 2 * UNROLLED) {
            [[unroll]] for (uint k = 0; k < WINDOWS; k++) sum += from_window(k, p, x);
        } else {
            for (uint k = 0; k < WINDOWS; k++) sum += from_window(k, p, x);
        }
        x_gradient[i] = sum;
    }
}
