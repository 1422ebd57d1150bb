#version 450
// y[pixel, 4 BEGIN4 + k] = x[pixel, SKIPPED + k] and, behind x's last channel, next[pixel, ...]: one
//     tensor's part of several that lie side by side along the channels
// Layout  X: [pixels][C4], NEXT: [pixels][NEXT_C4], y: [pixels][OUTPUT_C4] as vec4. x's first SKIPPED
//         channels (0 to 3) are in a vec4 that the tensor before it wrote; the last vec4 ends with
//         OF_NEXT channels of the next. Padding channels of x and next are 0, and so are those of y.
// Work    one invocation: VECTORS of the COUNT4 vec4 a pixel (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint NEXT_C4 = 1;
layout(constant_id = 4) const uint OUTPUT_C4 = 1;
layout(constant_id = 5) const uint BEGIN4 = 0;
layout(constant_id = 6) const uint COUNT4 = 1;
layout(constant_id = 7) const uint SKIPPED = 0;
layout(constant_id = 8) const uint OF_NEXT = 0;
layout(push_constant) uniform Push {
    uint count; // pixels * COUNT4
    int X_offset;
    int NEXT_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer NEXT;
layout(binding = 2, std430) writeonly buffer Output { vec4 y[]; };

vec4 load(uint pixel, uint c4)
{
    return imageLoad(X, c4 < C4 ? X_offset + int(pixel * C4 + c4) : 0);
}

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint c4 = i % COUNT4;
        const uint pixel = i / COUNT4;
        vec4 part = load(pixel, c4);
        if (SKIPPED != 0) part = four_channels(part, load(pixel, c4 + 1), SKIPPED);
        if (OF_NEXT != 0) {
            const int next = NEXT_offset + int(pixel * NEXT_C4);
            // x's own channels are followed by padding, 0: the sum puts the two side by side
            part += four_channels(vec4(0), imageLoad(NEXT, c4 == COUNT4 - 1 ? next : 0), OF_NEXT);
        }
        y[pixel * OUTPUT_C4 + BEGIN4 + c4] = part;
    }
}
