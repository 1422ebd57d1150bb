#version 450
// The gradients of bias and weight: sums over the blocks of batch_norm_backward_blocks.comp
// Layout  BLOCKS: [block][bias, weight][C4] as vec4; the others [C4].
// Work    one invocation: one vec4 of channels, all blocks in order.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
    uint vec4s; // C4
    uint blocks;
    int BLOCKS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer BLOCKS;
layout(binding = 1, std430) writeonly buffer WeightGradient { vec4 weight_gradient[]; };
layout(binding = 2, std430) writeonly buffer BiasGradient { vec4 bias_gradient[]; };

void main()
{
    const uint c4 = gl_GlobalInvocationID.x;
    if (c4 >= vec4s) return;
    vec4 bias_sum = vec4(0), weight_sum = vec4(0);
    for (uint b = 0; b < blocks; b++) {
        const int at = BLOCKS_offset + int(2 * b * vec4s + c4);
        bias_sum += imageLoad(BLOCKS, at);
        weight_sum += imageLoad(BLOCKS, at + int(vec4s));
    }
    bias_gradient[c4] = bias_sum;
    weight_gradient[c4] = weight_sum;
}
