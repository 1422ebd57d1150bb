#version 450
// cumulative_ij = sum of weight_ik over k <= j
// Layout  both: [N][N4] as vec4 of 4 columns; weights of padding columns are 0, so cumulative
//         padding columns hold the row's total.
// Work    one invocation a row: a serial sum, the same on every device.
layout(local_size_x = 32) in;
layout(push_constant) uniform Push {
    uint rows; // N
    int WEIGHT_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer WEIGHT;
layout(binding = 1, std430) writeonly buffer Output { vec4 cumulative[]; };

void main()
{
    const uint row = gl_GlobalInvocationID.x;
    if (row >= rows) return;
    const uint columns4 = (rows + 3) / 4;
    float total = 0;
    for (uint j4 = 0; j4 < columns4; j4++) {
        const vec4 w = imageLoad(WEIGHT, WEIGHT_offset + int(row * columns4 + j4));
        vec4 sum;
        sum.x = total + w.x;
        sum.y = sum.x + w.y;
        sum.z = sum.y + w.z;
        sum.w = sum.z + w.w;
        total = sum.w;
        cumulative[row * columns4 + j4] = sum;
    }
}
