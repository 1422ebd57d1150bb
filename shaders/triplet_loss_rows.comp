#version 450
// The triplets of an anchor a: one for every p with a negative n = NEGATIVE_ap >= 0,
//     loss_ap = max(0, d_ap - d_an + margin)   or, roles swapped,   max(0, d_an - d_ap + margin)
// Layout  DISTANCE, NEGATIVE, active: [N][N4] as vec4 of 4 columns p, padding columns 0.
//         active_ap = n + 1 where the triplet has a gradient (also at exactly 0, as in PyTorch),
//         else 0. row_sum: two vec4s an anchor,
//         {losses, triplets, active ones, 0} and {sum of d_ap, sum of d_an, 0, 0}.
// Work    one invocation an anchor, along its row.
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 32) in;
layout(push_constant) uniform Push {
    uint rows; // N
    float margin;
    float direction; // 1: same class pulled; -1: roles swapped
    int DISTANCE_offset;
    int NEGATIVE_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer DISTANCE;
layout(binding = 1, rgba32f) readonly uniform imageBuffer NEGATIVE;
layout(binding = 2, std430) writeonly buffer Active { vec4 active_negative[]; };
layout(binding = 3, std430) writeonly buffer Sums { vec4 row_sum[]; };

void main()
{
    const uint row = gl_GlobalInvocationID.x;
    if (row >= rows) return;
    const uint columns4 = (rows + 3) / 4;
    const uint start = row * columns4;
    vec4 counts = vec4(0);
    vec4 distances = vec4(0);
    for (uint p4 = 0; p4 < columns4; p4++) {
        const vec4 negative = imageLoad(NEGATIVE, NEGATIVE_offset + int(start + p4));
        const vec4 same = imageLoad(DISTANCE, DISTANCE_offset + int(start + p4));
        vec4 result = vec4(0);
        [[unroll]] for (uint s = 0; s < 4; s++) {
            const bool valid = 4 * p4 + s < rows && negative[s] >= 0;
            const uint n = valid ? uint(negative[s]) : 0;
            const vec4 others = imageLoad(DISTANCE, DISTANCE_offset + int(start + n / 4));
            const vec4 chosen = vec4(equal(uvec4(n % 4), uvec4(0, 1, 2, 3)));
            const float other = dot(others, chosen);
            const float value = direction * (same[s] - other) + margin;
            const bool has_gradient = valid && value >= 0;
            counts += vec4(has_gradient ? value : 0, valid, has_gradient, 0);
            distances += valid ? vec4(same[s], other, 0, 0) : vec4(0);
            result[s] = has_gradient ? float(n + 1) : 0;
        }
        active_negative[start + p4] = result;
    }
    row_sum[2 * row] = counts;
    row_sum[2 * row + 1] = distances;
}
