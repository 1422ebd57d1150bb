#version 450
// total(i) = sum over parts of partial(part, i), in the order of the parts: the weight gradient of
// the shared family. column_sum does the same through texel buffers.
// Work    one invocation: a vec4. Neighbours read neighbours.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
    int parts;
    int count; // vec4 a part
};
layout(binding = 0, std430) readonly buffer Partial { vec4 partial[]; };
layout(binding = 1, std430) writeonly buffer Total { vec4 total[]; };

void main()
{
    const int i = int(gl_GlobalInvocationID.x);
    if (i >= count) return;
    vec4 sum = vec4(0);
    for (int part = 0; part < parts; part++) sum += partial[part * count + i];
    total[i] = sum;
}
