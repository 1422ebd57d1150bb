#version 450
// mean and biased variance of every channel from those of the blocks (batch_norm_statistics_blocks),
// and the running statistics moved towards them
// Layout  BLOCKS: [block][mean, squares][C4] as vec4; the others [C4].
// Work    one invocation: one vec4 of channels, all blocks in order, twice: the mean first, then
//         squares + count * (block's mean - mean)^2, of which nothing cancels.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
    uint pixels; // N*H*W
    uint vec4s;  // C4
    uint block;  // pixels of a block; the last may have fewer
    uint blocks;
    uint update;    // whether to move the running statistics
    float momentum; // of that
    int BLOCKS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer BLOCKS;
layout(binding = 1, std430) writeonly buffer Mean { vec4 mean[]; };
layout(binding = 2, std430) writeonly buffer Variance { vec4 variance[]; };
layout(binding = 3, std430) buffer RunningMean { vec4 running_mean[]; };
layout(binding = 4, std430) buffer RunningVar { vec4 running_var[]; };

void main()
{
    const uint c4 = gl_GlobalInvocationID.x;
    if (c4 >= vec4s) return;
    const vec4 first = imageLoad(BLOCKS, BLOCKS_offset + int(c4));
    vec4 offset = vec4(0); // of the mean from the first block's
    for (uint b = 0; b < blocks; b++) {
        const float count = float(min(block, pixels - b * block));
        offset += count * (imageLoad(BLOCKS, BLOCKS_offset + int(2 * b * vec4s + c4)) - first);
    }
    offset /= float(pixels);
    vec4 squares = vec4(0);
    for (uint b = 0; b < blocks; b++) {
        const int at = BLOCKS_offset + int(2 * b * vec4s + c4);
        const float count = float(min(block, pixels - b * block));
        const vec4 distance_ = imageLoad(BLOCKS, at) - first - offset;
        squares += imageLoad(BLOCKS, at + int(vec4s)) + count * distance_ * distance_;
    }
    mean[c4] = first + offset;
    variance[c4] = squares / float(pixels);
    if (update != 0) {
        running_mean[c4] = mix(running_mean[c4], first + offset, momentum);
        running_var[c4] = mix(running_var[c4], squares / float(pixels - 1), momentum);
    }
}
