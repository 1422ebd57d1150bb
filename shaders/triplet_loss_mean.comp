#version 450
// Mean of the losses over all triplets (0 if there are none), and what is worth knowing of them.
// Layout  ROW_SUM: two vec4s an anchor (triplet_loss_rows.comp); loss: 1 vec4, value in .x;
//         statistics: {triplets, share with a gradient, mean d_ap, mean d_an}.
// Work    one invocation for all: N is a few hundred, and the order of the sum is fixed.
layout(local_size_x = 1) in;
layout(push_constant) uniform Push {
    uint rows; // N
    int ROW_SUM_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer ROW_SUM;
layout(binding = 1, std430) writeonly buffer Loss { vec4 loss[]; };
layout(binding = 2, std430) writeonly buffer Statistics { vec4 statistics[]; };

void main()
{
    vec4 counts = vec4(0);
    vec4 distances = vec4(0);
    for (uint row = 0; row < rows; row++) {
        counts += imageLoad(ROW_SUM, ROW_SUM_offset + int(2 * row));
        distances += imageLoad(ROW_SUM, ROW_SUM_offset + int(2 * row + 1));
    }
    const float triplets = max(counts.y, 1);
    loss[0] = vec4(counts.x / triplets, 0, 0, 0);
    statistics[0] = vec4(counts.y, counts.z / triplets, distances.xy / triplets);
}
