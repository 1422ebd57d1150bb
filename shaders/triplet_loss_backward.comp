#version 450
// distance_gradient_aj = g / triplets * direction * (1 if (a,j) is the pair of an active triplet,
//     minus the number of active triplets of anchor a whose negative is j),   g = loss_gradient
// Counts are whole numbers, so their order changes nothing.
// Layout  ACTIVE, distance_gradient: [N][N4] as vec4 of 4 columns, padding columns 0 (ACTIVE: see
//         triplet_loss_rows.comp); STATISTICS: {triplets, ...}; LOSS_GRADIENT: .x.
// Work    one invocation: 4 columns of a row; it reads the row once (a scatter would need atomics).
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
    uint rows; // N
    float direction; // 1: same class pulled; -1: roles swapped
    int ACTIVE_offset;
    int STATISTICS_offset;
    int LOSS_GRADIENT_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer ACTIVE;
layout(binding = 1, rgba32f) readonly uniform imageBuffer STATISTICS;
layout(binding = 2, rgba32f) readonly uniform imageBuffer LOSS_GRADIENT;
layout(binding = 3, std430) writeonly buffer Output { vec4 distance_gradient[]; };

void main()
{
    const uint columns4 = (rows + 3) / 4;
    const uint i = gl_GlobalInvocationID.x;
    if (i >= rows * columns4) return;
    const uint start = i / columns4 * columns4;
    const vec4 name = float(4 * (i % columns4)) + vec4(1, 2, 3, 4); // of a column in ACTIVE
    vec4 count = vec4(greaterThan(imageLoad(ACTIVE, ACTIVE_offset + int(i)), vec4(0)));
    for (uint p4 = 0; p4 < columns4; p4++) {
        const vec4 active_negative = imageLoad(ACTIVE, ACTIVE_offset + int(start + p4));
        [[unroll]] for (uint s = 0; s < 4; s++)
            count -= vec4(equal(vec4(active_negative[s]), name));
    }
    const float triplets = max(imageLoad(STATISTICS, STATISTICS_offset).x, 1);
    const float scale = direction * imageLoad(LOSS_GRADIENT, LOSS_GRADIENT_offset).x / triplets;
    distance_gradient[i] = scale * count;
}
