#version 450
// x_gradient = sum of g over the windows whose first maximum (row by row) is this pixel; g = y's
//     gradient
// Layout  x_gradient: [N,H,W,C4], TAPS (of max_pool_forward.comp), G: [N,OUTPUT_H,OUTPUT_W,C4] as
//         vec4. g's padding is 0.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl). It asks the windows that the pixel is in:
//         nothing is scattered.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "pool.glsl"
#extension GL_EXT_control_flow_attributes : require
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int TAPS_offset;
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer TAPS;
layout(binding = 1, rgba32f) readonly uniform imageBuffer G;
layout(binding = 2, std430) writeonly buffer Output { vec4 x_gradient[]; };

// what window k of those that the pixel can be in gives
vec4 from_window(uint k, uint n, uint h, uint w, uint c4)
{
    const Window window = window_of_pixel(h, w, k);
    const int at =
        ((int(n * OUTPUT_H) + window.row) * int(OUTPUT_W) + window.column) * int(C4) + int(c4);
    const vec4 tap = imageLoad(TAPS, window.valid ? TAPS_offset + at : 0);
    const vec4 g = imageLoad(G, window.valid ? G_offset + at : 0); // 0 for one that is not there
    const float own = float(window.tap_h * int(KERNEL_W) + window.tap_w);
    return mix(vec4(0), g, equal(tap, vec4(own)));
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
        x_gradient[i] = sum;
    }
}
