#version 450
// The gradients of bias and weight: sums over the blocks of batch_norm_backward_blocks.comp
// Layout  BLOCKS: [block][bias, weight][C4] as vec4; the others [C4].
// Work    a workgroup: 4 vec4 of channels. An invocation adds up every 32nd block of one of them,
//         then a tree adds these: one invocation for all would wait for each fetch of a GPU.
layout(local_size_x = 128) in; // the least that a device must offer: 32 rows of 4 columns
layout(push_constant) uniform Push {
    uint vec4s; // C4
    uint blocks;
    int BLOCKS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer BLOCKS;
layout(binding = 1, std430) writeonly buffer WeightGradient { vec4 weight_gradient[]; };
layout(binding = 2, std430) writeonly buffer BiasGradient { vec4 bias_gradient[]; };
shared vec4 bias_sums[128];
shared vec4 weight_sums[128];

void main()
{
    const uint lane = gl_LocalInvocationID.x;
    const uint c4 = gl_WorkGroupID.x * 4 + lane % 4;
    const uint column = min(c4, vec4s - 1); // beyond the end: the last again, not written
    vec4 bias_sum = vec4(0), weight_sum = vec4(0);
    for (uint b = lane / 4; b < blocks; b += 32) {
        const int at = BLOCKS_offset + int(2 * b * vec4s + column);
        bias_sum += imageLoad(BLOCKS, at);
        weight_sum += imageLoad(BLOCKS, at + int(vec4s));
    }
    bias_sums[lane] = bias_sum;
    weight_sums[lane] = weight_sum;
    for (uint half_ = 64; half_ >= 4; half_ /= 2) {
        barrier();
        if (lane < half_) {
            bias_sums[lane] += bias_sums[lane + half_];
            weight_sums[lane] += weight_sums[lane + half_];
        }
    }
    if (lane < 4 && c4 < vec4s) {
        bias_gradient[c4] = bias_sums[lane];
        weight_gradient[c4] = weight_sums[lane];
    }
}
