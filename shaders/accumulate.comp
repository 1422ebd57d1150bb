#version 450
// y = y + x, element by element: sums the contributions to one gradient.
// Layout  X, y: COUNT vec4 of any tensor; padding channels are 0 + 0.
// Work    one invocation: VECTORS vec4, a workgroup apart, so that neighbours read neighbours.
layout(local_size_x = 256) in;
layout(constant_id = 0) const uint VECTORS = 4;
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) buffer Sum { vec4 y[]; };
layout(push_constant) uniform Push {
    int X_offset;
    uint count;
};

void main()
{
    uint i = gl_WorkGroupID.x * gl_WorkGroupSize.x * VECTORS + gl_LocalInvocationID.x;
    for (uint v = 0; v < VECTORS && i < count; v++, i += gl_WorkGroupSize.x)
        y[i] += imageLoad(X, X_offset + int(i));
}
