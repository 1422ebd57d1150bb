#version 450
// mean and biased variance of every channel from those of the blocks (batch_norm_statistics_blocks),
// and the running statistics moved towards them
// Layout  BLOCKS: [block][mean, squares][C4] as vec4; the others [C4].
// Work    a workgroup: 4 vec4 of channels. An invocation takes every 32nd block of one of them, then
//         a tree adds up what they have: one invocation for all would wait for each fetch of a GPU.
//         All blocks twice: the mean first, then squares + count * (block's mean - mean)^2, of which
//         nothing cancels.
layout(local_size_x = 128) in; // the least that a device must offer: 32 rows of 4 columns
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
shared vec4 sums[128];

// the sum of `part` over the 32 rows of this invocation's column
vec4 sum_of_rows(vec4 part)
{
    const uint lane = gl_LocalInvocationID.x;
    barrier(); // the sum before this one was read by all
    sums[lane] = part;
    for (uint half_ = 64; half_ >= 4; half_ /= 2) {
        barrier();
        if (lane < half_) sums[lane] += sums[lane + half_];
    }
    barrier();
    return sums[lane % 4];
}

void main()
{
    const uint lane = gl_LocalInvocationID.x;
    const uint c4 = gl_WorkGroupID.x * 4 + lane % 4;
    const uint column = min(c4, vec4s - 1); // beyond the end: the last again, not written
    const vec4 first = imageLoad(BLOCKS, BLOCKS_offset + int(column));
    vec4 part = vec4(0);
    for (uint b = lane / 4; b < blocks; b += 32) {
        const float count = float(min(block, pixels - b * block));
        part += count * (imageLoad(BLOCKS, BLOCKS_offset + int(2 * b * vec4s + column)) - first);
    }
    const vec4 offset = sum_of_rows(part) / float(pixels); // of the mean from the first block's
    part = vec4(0);
    for (uint b = lane / 4; b < blocks; b += 32) {
        const int at = BLOCKS_offset + int(2 * b * vec4s + column);
        const float count = float(min(block, pixels - b * block));
        const vec4 distance_ = imageLoad(BLOCKS, at) - first - offset;
        part += imageLoad(BLOCKS, at + int(vec4s)) + count * distance_ * distance_;
    }
    const vec4 squares = sum_of_rows(part);
    if (lane >= 4 || c4 >= vec4s) return;
    mean[c4] = first + offset;
    variance[c4] = squares / float(pixels);
    if (update != 0) {
        running_mean[c4] = mix(running_mean[c4], first + offset, momentum);
        running_var[c4] = mix(running_var[c4], squares / float(pixels - 1), momentum);
    }
}
