#version 450
// How likely sample j is to be drawn as a negative of sample i, a row a sample (RGAL, losses of the
// synthesis phase): the inverse density of distances on the unit sphere,
//     log weight = (2 - D) ln d - (D - 3)/2 ln(1 - d^2/4),    D: size of the embedding
// restricted to samples of another label and `lower < d < upper`, normalised to a sum of 1.
// Uniform over all samples of another label where the range is empty; 0 where there are none.
// Layout  DISTANCE, weight: [N][N4] as vec4 of 4 columns, padding columns 0; LABELS: .x a sample,
//         negative: no label, part of nothing.
// Work    one invocation a row, three times along it: log weights, weights, division by their sum.
//         What a step leaves for the next stands in the output itself.
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 32) in;
layout(push_constant) uniform Push {
    uint rows;            // N
    float embedding_size; // D
    float distance_floor; // distances count as at least this
    float lower;          // exclusive
    float upper;          // exclusive
    bool compatible; // relative to the largest weight of all samples, and 0 where float32 is
    int DISTANCE_offset;
    int LABELS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer DISTANCE;
layout(binding = 1, rgba32f) readonly uniform imageBuffer LABELS;
layout(binding = 2, std430) buffer Output { vec4 weight[]; };

// Log weights that are none; true ones lie within +-1e6.
const float OUT_OF_RANGE = -1e30; // of another label, but too near or too far
const float NO_NEGATIVE = -2e30;  // of the same label, or without one
// exp(x) of float32 rounds to 0 below ln(2^-150). Compared here and not left to the device's exp:
// some have no denormal numbers, some never return 0.
const float COMPATIBLE_UNDERFLOW = -103.97208;
const float UNDERFLOW = -87; // below it a weight is 0: it could not be drawn with 24 random bits
// ln(1 - d^2/4) does not exist for opposite points (d = 2).
const float LARGEST_DISTANCE = 1.999;
const float SMALLEST_DISTANCE = 1e-6;

float log_weight(float d)
{
    return (2 - embedding_size) * log(d) - 0.5 * (embedding_size - 3) * log(1 - 0.25 * d * d);
}

void main()
{
    const uint row = gl_GlobalInvocationID.x;
    if (row >= rows) return;
    const uint columns4 = (rows + 3) / 4;
    const float label = imageLoad(LABELS, LABELS_offset + int(row)).x;
    float largest = OUT_OF_RANGE;      // of all samples
    float largest_kept = OUT_OF_RANGE; // of those in range
    uint others = 0;
    for (uint j4 = 0; j4 < columns4; j4++) {
        const vec4 d4 = imageLoad(DISTANCE, DISTANCE_offset + int(row * columns4 + j4));
        vec4 result = vec4(NO_NEGATIVE);
        [[unroll]] for (uint s = 0; s < 4; s++) {
            const uint j = 4 * j4 + s;
            const bool inside = j < rows;
            const float other_label = imageLoad(LABELS, inside ? LABELS_offset + int(j) : 0).x;
            const bool other = inside && label >= 0 && other_label >= 0 && other_label != label;
            const float d = clamp(max(d4[s], distance_floor), SMALLEST_DISTANCE, LARGEST_DISTANCE);
            const float value = log_weight(d);
            const bool kept = other && d > lower && d < upper;
            largest = inside ? max(largest, value) : largest;
            largest_kept = kept ? max(largest_kept, value) : largest_kept;
            others += other ? 1 : 0;
            result[s] = kept ? value : (other ? OUT_OF_RANGE : NO_NEGATIVE);
        }
        weight[row * columns4 + j4] = result;
    }
    // A weight relative to the largest one kept never vanishes as a whole; the compatible form only
    // takes away those that would have been 0 relative to the largest of all.
    const float smallest_kept = compatible ? largest + COMPATIBLE_UNDERFLOW : OUT_OF_RANGE;
    float sum = 0;
    for (uint j4 = 0; j4 < columns4; j4++) {
        const vec4 value = weight[row * columns4 + j4];
        const float bound = max(smallest_kept, largest_kept + UNDERFLOW);
        const bvec4 drawable = greaterThan(value, vec4(bound));
        const vec4 kept = mix(vec4(0), exp(min(value - largest_kept, vec4(0))), drawable);
        sum += kept.x + kept.y + kept.z + kept.w;
        // Kept: its weight. Else negative: -1 of another label, -2 not.
        const vec4 mark = mix(vec4(-1), vec4(-2), lessThan(value, vec4(1.5 * OUT_OF_RANGE)));
        weight[row * columns4 + j4] = mix(mark, kept, drawable);
    }
    const float scale = sum > 0 ? 1 / sum : 0;
    const float fallback = sum > 0 || others == 0 ? 0 : 1 / float(others);
    for (uint j4 = 0; j4 < columns4; j4++) {
        const vec4 value = weight[row * columns4 + j4];
        const vec4 otherwise = mix(vec4(0), vec4(fallback), equal(value, vec4(-1)));
        const bvec4 kept = greaterThanEqual(value, vec4(0));
        weight[row * columns4 + j4] = mix(otherwise, scale * value, kept);
    }
}
