#version 450
// y = maximum of the window's pixels that lie inside the image, NaN if one is NaN; taps = which of the
//     window's pixels, row by row, is the first that has it
// Layout  X: [N,H,W,C4], y, taps: [N,OUTPUT_H,OUTPUT_W,C4] as vec4. Padding channels of x and y are 0;
//         those of taps are written as 0.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl). A tap outside the image is moved to the
//         image's edge, which is in the window too, so that no tap needs a test.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "pool.glsl"
#extension GL_EXT_control_flow_attributes : require
layout(constant_id = 13) const bool KEEP_TAPS = false; // a backward pass will want them
layout(constant_id = 14) const uint CHANNELS = 4;      // 4: there is no padding
layout(push_constant) uniform Push {
    uint count; // N*OUTPUT_H*OUTPUT_W*C4
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };
layout(binding = 2, std430) writeonly buffer Taps { vec4 taps[]; }; // y's memory unless KEEP_TAPS

struct Maximum {
    vec4 value;
    vec4 tap;
};

struct Place {
    int image, top, left, c4; // rows before the image; the window's corner
};

Maximum look(Maximum known, uint tap, Place place)
{
    const int h = clamp(place.top + int(tap / KERNEL_W), 0, int(H) - 1);
    const int w = clamp(place.left + int(tap % KERNEL_W), 0, int(W) - 1);
    const vec4 x =
        imageLoad(X, X_offset + ((place.image + h) * int(W) + w) * int(C4) + place.c4);
    const float own = float((h - place.top) * int(KERNEL_W) + w - place.left);
    const bvec4 larger = bvec4(uvec4(greaterThan(x, known.value)) | uvec4(isnan(x)));
    return Maximum(mix(known.value, x, larger), mix(known.tap, vec4(own), larger));
}

void main()
{
    const uint TAPS = KERNEL_H * KERNEL_W;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint pixel = i / C4;
        const uint row = pixel / OUTPUT_W; // n * OUTPUT_H + the row of the window
        const Place place = Place(int(row / OUTPUT_H * H), int(row % OUTPUT_H * STRIDE_H) - int(TOP),
                                  int(pixel % OUTPUT_W * STRIDE_W) - int(LEFT), int(i % C4));
        // where nothing is larger than -infinity: the first pixel inside the image
        const int first = max(-place.top, 0) * int(KERNEL_W) + max(-place.left, 0);
        Maximum maximum = Maximum(vec4(uintBitsToFloat(0xff800000)), vec4(first));
        if (TAPS <= UNROLLED) {
            [[unroll]] for (uint tap = 0; tap < TAPS; tap++) maximum = look(maximum, tap, place);
        } else {
            for (uint tap = 0; tap < TAPS; tap++) maximum = look(maximum, tap, place);
        }
        y[i] = maximum.value;
        if (KEEP_TAPS)
            taps[i] = CHANNELS % 4 == 0 ? maximum.tap
                                        : only_real_channels(maximum.tap, i % C4, CHANNELS);
    }
}
