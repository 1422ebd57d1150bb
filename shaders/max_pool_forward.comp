#version 450
// y = maximum of the window's pixels that lie inside the image; NaN if one is NaN
// Layout  X: [N,H,W,C4], y: [N,OUTPUT_H,OUTPUT_W,C4] as vec4. Padding channels are 0 and stay 0.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl). A tap outside the image is moved to the
//         image's edge, which is in the window too, so that no tap needs a test.
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
    uint count; // N*OUTPUT_H*OUTPUT_W*C4
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint c4 = i % C4;
        const uint pixel = i / C4;
        const uint row = pixel / OUTPUT_W; // n * OUTPUT_H + the row of the window
        const int left = int(pixel % OUTPUT_W * STRIDE) - int(PADDING);
        const int top = int(row % OUTPUT_H * STRIDE) - int(PADDING);
        const int image = int(row / OUTPUT_H * H);
        vec4 maximum = vec4(uintBitsToFloat(0xff800000)); // -infinity
        [[unroll]] for (uint tap = 0; tap < KERNEL * KERNEL; tap++) {
            const int h = clamp(top + int(tap / KERNEL), 0, int(H) - 1);
            const int w = clamp(left + int(tap % KERNEL), 0, int(W) - 1);
            const vec4 x = imageLoad(X, X_offset + ((image + h) * int(W) + w) * int(C4) + int(c4));
            maximum = mix(x, maximum, lessThanEqual(x, maximum));
        }
        y[i] = maximum;
    }
}
