#version 450
// x_gradient = sum of g over the windows that this pixel is in / KERNEL^2; g = y's gradient
// Layout  x_gradient: [N,H,W,C4], G: [N,OUTPUT_H,OUTPUT_W,C4] as vec4. g's padding is 0.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl).
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
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    const uint WINDOWS = (KERNEL + STRIDE - 1) / STRIDE; // along a side, that a pixel can be in
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint c4 = i % C4;
        const uint pixel = i / C4;
        const uint w = pixel % W;
        const uint h = pixel / W % H;
        const uint n = pixel / (W * H);
        vec4 sum = vec4(0);
        [[unroll]] for (uint window = 0; window < WINDOWS * WINDOWS; window++) {
            const int row = int((h + PADDING) / STRIDE) - int(window / WINDOWS);
            const int column = int((w + PADDING) / STRIDE) - int(window % WINDOWS);
            const bool valid = row >= 0 && row < int(OUTPUT_H) && column >= 0 &&
                               column < int(OUTPUT_W) &&
                               int(h + PADDING) - row * int(STRIDE) < int(KERNEL) &&
                               int(w + PADDING) - column * int(STRIDE) < int(KERNEL);
            const int at =
                ((int(n * OUTPUT_H) + row) * int(OUTPUT_W) + column) * int(C4) + int(c4);
            sum += imageLoad(G, valid ? G_offset + at : 0);
        }
        x_gradient[i] = sum / float(KERNEL * KERNEL);
    }
}
