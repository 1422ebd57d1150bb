#version 450
// y = maximum of the window's pixels that lie inside the image; NaN if one is NaN
// Layout  X: [N,H,W,C4], y: [N,OUTPUT_H,OUTPUT_W,C4] as vec4. Padding channels are 0 and stay 0.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl). A tap outside the image is moved to the
//         image's edge, which is in the window too, so that no tap needs a test.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "pool.glsl"
#extension GL_EXT_control_flow_attributes : require
layout(push_constant) uniform Push {
    uint count; // N*OUTPUT_H*OUTPUT_W*C4
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

vec4 larger(vec4 maximum, uint tap, int image, int top, int left, int c4)
{
    const int h = clamp(top + int(tap / KERNEL_W), 0, int(H) - 1);
    const int w = clamp(left + int(tap % KERNEL_W), 0, int(W) - 1);
    const vec4 x = imageLoad(X, X_offset + ((image + h) * int(W) + w) * int(C4) + c4);
    return mix(x, maximum, lessThanEqual(x, maximum));
}

void main()
{
    const uint TAPS = KERNEL_H * KERNEL_W;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const int c4 = int(i % C4);
        const uint pixel = i / C4;
        const uint row = pixel / OUTPUT_W; // n * OUTPUT_H + the row of the window
        const int left = int(pixel % OUTPUT_W * STRIDE_W) - int(LEFT);
        const int top = int(row % OUTPUT_H * STRIDE_H) - int(TOP);
        const int image = int(row / OUTPUT_H * H);
        vec4 maximum = vec4(uintBitsToFloat(0xff800000)); // -infinity
        if (TAPS <= UNROLLED) {
            [[unroll]] for (uint tap = 0; tap < TAPS; tap++)
                maximum = larger(maximum, tap, image, top, left, c4);
        } else {
            for (uint tap = 0; tap < TAPS; tap++)
                maximum = larger(maximum, tap, image, top, left, c4);
        }
        y[i] = maximum;
    }
}
