#version 450
// x_gradient = sum of g over the windows whose first maximum (row by row) is this pixel; g = y's
//     gradient
// Layout  X, x_gradient: [N,H,W,C4], Y, G: [N,OUTPUT_H,OUTPUT_W,C4] as vec4. g's padding is 0.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl). Whether it is a window's first maximum
//         it sees from the taps before its own: nothing has to be kept, nothing is scattered.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#extension GL_EXT_control_flow_attributes : require
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint H = 1; // of x
layout(constant_id = 4) const uint W = 1;
layout(constant_id = 5) const uint OUTPUT_H = 1; // of y
layout(constant_id = 6) const uint OUTPUT_W = 1;
layout(constant_id = 7) const uint KERNEL = 1;
layout(constant_id = 8) const uint STRIDE = 1;
layout(constant_id = 9) const uint PADDING = 0;
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

// 1 for the channels in which this tap of the window comes before `own` and is its maximum, too
uvec4 earlier_maximum(uint tap, uint own, int top, int left, uint n, uint c4, vec4 maximum)
{
    const int h = top + int(tap / KERNEL);
    const int w = left + int(tap % KERNEL);
    const bool valid = tap < own && h >= 0 && h < int(H) && w >= 0 && w < int(W);
    const int at = ((int(n * H) + h) * int(W) + w) * int(C4) + int(c4);
    return uint(valid) * uvec4(equal(imageLoad(X, valid ? X_offset + at : 0), maximum));
}

void main()
{
    const uint WINDOWS = (KERNEL + STRIDE - 1) / STRIDE; // along a side, that a pixel can be in
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint c4 = i % C4;
        const uint pixel = i / C4;
        const uint w = pixel % W;
        const uint h = pixel / W % H;
        const uint n = pixel / (W * H);
        const vec4 own = imageLoad(X, X_offset + int(i));
        vec4 sum = vec4(0);
        [[unroll]] for (uint window = 0; window < WINDOWS * WINDOWS; window++) {
            const int row = int((h + PADDING) / STRIDE) - int(window / WINDOWS);
            const int column = int((w + PADDING) / STRIDE) - int(window % WINDOWS);
            const int tap_h = int(h + PADDING) - row * int(STRIDE);
            const int tap_w = int(w + PADDING) - column * int(STRIDE);
            const bool valid = row >= 0 && row < int(OUTPUT_H) && column >= 0 &&
                               column < int(OUTPUT_W) && tap_h < int(KERNEL) &&
                               tap_w < int(KERNEL);
            const int at =
                ((int(n * OUTPUT_H) + row) * int(OUTPUT_W) + column) * int(C4) + int(c4);
            const vec4 maximum = imageLoad(Y, valid ? Y_offset + at : 0);
            const vec4 g = imageLoad(G, valid ? G_offset + at : 0);
            uvec4 earlier = uvec4(0);
            [[unroll]] for (uint tap = 0; tap < KERNEL * KERNEL; tap++)
                earlier |= earlier_maximum(tap, uint(tap_h) * KERNEL + uint(tap_w), int(h) - tap_h,
                                           int(w) - tap_w, n, c4, maximum);
            // g is the zero texel for a window that is not there
            sum += g * vec4(equal(own, maximum)) * vec4(1 - earlier);
        }
        x_gradient[i] = sum;
    }
}
