#version 450
// x_gradient = sum of g / how many pixels count, over the windows that this pixel is in; g = y's
//     gradient
// Layout  x_gradient: [N,H,W,C4], G: [N,OUTPUT_H,OUTPUT_W,C4] as vec4. g's padding is 0.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "pool.glsl"
#include "average_pool.glsl"
#extension GL_EXT_control_flow_attributes : require
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, std430) writeonly buffer Output { vec4 x_gradient[]; };

// what window k of those that the pixel can be in gives, undivided if ALL_COUNT
vec4 from_window(uint k, uint n, uint h, uint w, uint c4)
{
    const Window window = window_of_pixel(h, w, k);
    const int at =
        ((int(n * OUTPUT_H) + window.row) * int(OUTPUT_W) + window.column) * int(C4) + int(c4);
    const vec4 g = imageLoad(G, window.valid ? G_offset + at : 0);
    if (ALL_COUNT) return g;
    return window.valid ? g / divisor(window.row, window.column) : vec4(0);
}

void main()
{
    const uint WINDOWS = windows_h() * windows_w();
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint c4 = i % C4;
        const uint pixel = i / C4;
        const uint w = pixel % W;
        const uint h = pixel / W % H;
        const uint n = pixel / (W * H);
        vec4 sum = vec4(0);
        if (WINDOWS <= UNROLLED) {
            [[unroll]] for (uint k = 0; k < WINDOWS; k++) sum += from_window(k, n, h, w, c4);
        } else {
            for (uint k = 0; k < WINDOWS; k++) sum += from_window(k, n, h, w, c4);
        }
        x_gradient[i] = ALL_COUNT ? sum / float(KERNEL_H * KERNEL_W) : sum;
    }
}
