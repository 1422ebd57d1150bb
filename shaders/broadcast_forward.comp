#version 450
// y = f(x, s) for a large x and a small s that is repeated; f: rt_broadcast_kind
// Layout  X, y: [N,H,W,C4] as vec4, SMALL: the same or 1 in each dimension. Padding channels are
//         written as 0.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "broadcast.glsl"
layout(constant_id = 11) const uint KIND = 0;
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    float factor;
    int X_offset;
    int SMALL_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X; // any tensor for REPEAT
layout(binding = 1, rgba32f) readonly uniform imageBuffer SMALL;
layout(binding = 2, std430) writeonly buffer Output { vec4 y[]; };

const uint ADD = 0, SUBTRACT = 1, MULTIPLY = 2, DIVIDE = 3, PRELU = 4, REPEAT = 5; // as the enum

vec4 combined(uint i, vec4 s)
{
    if (KIND == REPEAT) return factor * s;
    const vec4 x = imageLoad(X, X_offset + int(i));
    if (KIND == ADD) return x + s;
    if (KIND == SUBTRACT) return x - s;
    if (KIND == MULTIPLY) return x * s;
    if (KIND == DIVIDE) return x / s;
    return mix(s * x, x, greaterThan(x, vec4(0))); // PRELU
}

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const vec4 s = spread(imageLoad(SMALL, SMALL_offset + int(small_index(i))));
        y[i] = without_padding(combined(i, s), i);
    }
}
