#version 450
// Mean of the losses over all triplets (0 if there are none), and what is worth knowing of them.
// Layout  ROW_SUM: two vec4s an anchor (triplet_loss_rows.comp); loss: 1 vec4, value in .x;
//         statistics: {triplets, share with a gradient, mean d_ap, mean d_an}.
// Work    one workgroup: an invocation every 128th anchor, then a tree. 128: the least that a device
//         must offer, so that the order of the sum is the same everywhere.
layout(local_size_x = 128) in;
layout(push_constant) uniform Push {
    uint rows; // N
    int ROW_SUM_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer ROW_SUM;
layout(binding = 1, std430) writeonly buffer Loss { vec4 loss[]; };
layout(binding = 2, std430) writeonly buffer Statistics { vec4 statistics[]; };
shared vec4 all_counts[128];
shared vec4 all_distances[128];

void main()
{
    const uint lane = gl_LocalInvocationID.x;
    vec4 counts = vec4(0);
    vec4 distances = vec4(0);
    for (uint row = lane; row < rows; row += 128) {
        counts += imageLoad(ROW_SUM, ROW_SUM_offset + int(2 * row));
        distances += imageLoad(ROW_SUM, ROW_SUM_offset + int(2 * row + 1));
    }
    all_counts[lane] = counts;
    all_distances[lane] = distances;
    for (uint half_ = 64; half_ > 0; half_ /= 2) {
        barrier();
        if (lane < half_) {
            all_counts[lane] += all_counts[lane + half_];
            all_distances[lane] += all_distances[lane + half_];
        }
    }
    if (lane > 0) return;
    const float triplets = max(all_counts[0].y, 1);
    loss[0] = vec4(all_counts[0].x / triplets, 0, 0, 0);
    statistics[0] = vec4(all_counts[0].y, all_counts[0].z / triplets, all_distances[0].xy / triplets);
}
