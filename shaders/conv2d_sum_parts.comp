#version 450
// total(i) = sum over parts of partial(part, i): the weight gradient of the shared family, in a
// fixed order. column_sum does the same through texel buffers.
// Work    32 invocations: 32 vec4 side by side; 4 times 32 take every 4th part each, so that a few
//         loads are on their way even where there are few vec4.
layout(local_size_x = 128) in;
layout(push_constant) uniform Push {
    int parts;
    int count; // vec4 a part
};
layout(binding = 0, std430) readonly buffer Partial { vec4 partial[]; };
layout(binding = 1, std430) writeonly buffer Total { vec4 total[]; };
const int SIDE = 32, TEAMS = 4;
shared vec4 sums[TEAMS * SIDE];

void main()
{
    const int lane = int(gl_LocalInvocationID.x) % SIDE, team = int(gl_LocalInvocationID.x) / SIDE;
    const int i = int(gl_WorkGroupID.x) * SIDE + lane;
    vec4 sum = vec4(0);
    if (i < count)
        for (int part = team; part < parts; part += TEAMS) sum += partial[part * count + i];
    sums[team * SIDE + lane] = sum;
    barrier();
    if (team == 0 && i < count)
        total[i] = (sums[lane] + sums[SIDE + lane]) + (sums[2 * SIDE + lane] + sums[3 * SIDE + lane]);
}
