#version 450
// y = y + x, element by element: sums the contributions to one gradient.
// Layout  X, Y: count vec4 of any tensor; padding channels are 0 + 0. Y and y are the same memory:
//         read through a texel buffer, because a storage-buffer load inside a loop is dear on CPU
//         drivers.
// Work    see tensor.glsl.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Y;
layout(binding = 2, std430) writeonly buffer Sum { vec4 y[]; };
layout(push_constant) uniform Push {
    int X_offset;
    int Y_offset;
    uint count;
};

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE)
        y[i] = imageLoad(X, X_offset + int(i)) + imageLoad(Y, Y_offset + int(i));
}
