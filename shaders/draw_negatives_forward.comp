#version 450
// negative_ap = the sample n drawn as negative of the ordered pair (a,p): the first whose
// cumulative weight in row a exceeds u times the row's total, u uniform in [0,1).
// -1 where (a,p) is no pair (a = p, other label, no label) or row a has no negative.
// Layout  CUMULATIVE, DRAW, negative: [N][N4] as vec4 of 4 columns p, padding columns 0; LABELS: .x
//         a sample. DRAW is read only if `given` (tests), the counters only if not.
// Work    one invocation: 4 columns of a row; a search by halves over the vec4s of the row.
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "random.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
    uint rows; // N
    uint seed_low;
    uint seed_high;
    uint stream_number;
    uint largest_stride; // the largest power of two that is at most N4
    bool given;
    int CUMULATIVE_offset;
    int LABELS_offset;
    int DRAW_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer CUMULATIVE;
layout(binding = 1, rgba32f) readonly uniform imageBuffer LABELS;
layout(binding = 2, rgba32f) readonly uniform imageBuffer DRAW;
layout(binding = 3, std430) readonly buffer Counters { uint counters[]; };
layout(binding = 4, std430) writeonly buffer Output { vec4 negative[]; };

// The largest u below 1. Times a float it always rounds to less than that float, so that the search
// ends at a sample of positive weight.
const float LARGEST_DRAW = 1 - 1 / 16777216.0;

float search(int row_start, uint columns4, float target)
{
    uint below = 0; // how many vec4s end at or below the target
    for (uint stride = largest_stride; stride > 0; stride >>= 1) {
        const uint last = min(below + stride, columns4) - 1;
        const bool all_below = imageLoad(CUMULATIVE, row_start + int(last)).w <= target;
        below = all_below ? last + 1 : below;
    }
    below = min(below, columns4 - 1);
    const vec4 sums = imageLoad(CUMULATIVE, row_start + int(below));
    return float(4 * below) + dot(vec4(lessThanEqual(sums, vec4(target))), vec4(1));
}

void main()
{
    const uint columns4 = (rows + 3) / 4;
    const uint i = gl_GlobalInvocationID.x;
    if (i >= rows * columns4) return;
    const uint a = i / columns4;
    const int row_start = CUMULATIVE_offset + int(a * columns4);
    const float label = imageLoad(LABELS, LABELS_offset + int(a)).x;
    const float total = imageLoad(CUMULATIVE, row_start + int(columns4) - 1).w;
    const vec4 given_draws = imageLoad(DRAW, given ? DRAW_offset + int(i) : 0);
    const uint step = counters[0];
    vec4 result = vec4(0);
    [[unroll]] for (uint s = 0; s < 4; s++) {
        const uint p = i % columns4 * 4 + s;
        if (p >= rows) break;
        const float positive_label = imageLoad(LABELS, LABELS_offset + int(p)).x;
        const bool pair = a != p && label >= 0 && positive_label == label && total > 0;
        result[s] = -1;
        if (!pair) continue;
        const uint draw = philox(seed_low, seed_high, stream_number, step, a * rows + p).x;
        const float u = given ? given_draws[s] : uniform01(draw);
        result[s] = search(row_start, columns4, min(u, LARGEST_DRAW) * total);
    }
    negative[i] = result;
}
