#version 450
// Of every block of pixels and every channel: mean, and sum of (x - mean)^2
// Layout  X: [N,H,W,C4] as vec4; statistics: [block][mean, squares][C4].
// Work    a workgroup a block and `span` vec4 of channels (channels.glsl). Its invocations add up
//         their own pixels, then a tree adds these: the order depends on the shape alone.
// Sums are of x - shift, shift = the mean of 4 pixels of the block: sum(x^2) - sum(x)^2 / n would
// cancel where the mean is large beside the deviation.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "channels.glsl"
layout(push_constant) uniform Push {
    uint pixels, vec4s, block, span, rows; // channels.glsl
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 statistics[]; };
shared vec4 sums[WORKGROUP_SIZE];
shared vec4 squares[WORKGROUP_SIZE];

void main()
{
    const uint lane = gl_LocalInvocationID.x;
    const Slice slice = slice_of_lane(pixels, vec4s, block, span, rows);
    const uint block_first = gl_WorkGroupID.x * block;
    const uint count = min(block, pixels - block_first);
    vec4 shift = vec4(0);
    [[unroll]] for (uint k = 0; k < 4; k++) {
        const uint p = block_first + (2 * k + 1) * count / 8;
        shift += 0.25 * imageLoad(X, X_offset + int(p * vec4s + slice.c4));
    }
    vec4 sum = vec4(0), square = vec4(0);
    for (uint p = slice.first, i = slice.item; p < slice.end; p += rows, i += rows * vec4s) {
        const vec4 d = imageLoad(X, X_offset + int(i)) - shift;
        sum += d;
        square += d * d;
    }
    sums[lane] = sum;
    squares[lane] = square;
    for (uint left = rows; left > 1;) {
        const uint half_ = (left + 1) / 2;
        barrier();
        if (slice.row < left - half_) {
            sums[lane] += sums[lane + half_ * span];
            squares[lane] += squares[lane + half_ * span];
        }
        left = half_;
    }
    if (slice.row == 0 && slice.end > 0) {
        const vec4 mean = sums[lane] / float(count);
        const uint at = gl_WorkGroupID.x * 2 * vec4s + slice.c4;
        statistics[at] = shift + mean;
        statistics[at + vec4s] = max(squares[lane] - sums[lane] * mean, vec4(0));
    }
}
