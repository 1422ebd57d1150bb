#version 450
// With K = distance_gradient / distance (pairwise_distance_coefficients.comp):
//     x_gradient_i = sum_j (K_ij + K_ji) (x_i - x_j) + shift sum_j (K_ij - K_ji)
// because distance_ij has the gradient (x_i - x_j + shift) / distance_ij with respect to x_i and
// its opposite with respect to x_j. A gather: every sum runs in the order of j.
// Layout  X, x_gradient: [N][C4] as vec4; COEFFICIENT: [N][N4] as vec4 of 4 columns, padding 0.
// Work    one invocation: 4 channels of 4 samples i, so that one fetch brings K_ji of all four.
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
    uint rows;     // N
    uint channels; // C
    float shift;
    int X_offset;
    int COEFFICIENT_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer COEFFICIENT;
layout(binding = 2, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    const uint columns4 = (rows + 3) / 4;
    const uint vec4s = (channels + 3) / 4;
    const uint i4 = gl_GlobalInvocationID.x / vec4s;
    const uint c = gl_GlobalInvocationID.x % vec4s;
    if (i4 >= columns4) return;
    uint row[4];
    vec4 own[4], sum[4];
    [[unroll]] for (uint i = 0; i < 4; i++) {
        row[i] = min(4 * i4 + i, rows - 1); // beyond the end: the last again, not written
        own[i] = imageLoad(X, X_offset + int(row[i] * vec4s + c));
        sum[i] = vec4(0);
    }
    vec4 skew = vec4(0); // sum_j K_ij - K_ji of the four samples
    for (uint j4 = 0; j4 < columns4; j4++) {
        vec4 to[4];
        [[unroll]] for (uint i = 0; i < 4; i++)
            to[i] = imageLoad(COEFFICIENT, COEFFICIENT_offset + int(row[i] * columns4 + j4));
        [[unroll]] for (uint s = 0; s < 4; s++) {
            const uint j = 4 * j4 + s;
            const bool inside = j < rows; // outside: the zero texel
            const vec4 back =
                imageLoad(COEFFICIENT, inside ? COEFFICIENT_offset + int(j * columns4 + i4) : 0);
            const vec4 x = imageLoad(X, inside ? X_offset + int(j * vec4s + c) : 0);
            [[unroll]] for (uint i = 0; i < 4; i++) {
                sum[i] += (to[i][s] + back[i]) * (own[i] - x);
                skew[i] += to[i][s] - back[i];
            }
        }
    }
    const bvec4 real = lessThan(4 * c + uvec4(0, 1, 2, 3), uvec4(channels));
    const vec4 addend = mix(vec4(0), vec4(shift), real);
    [[unroll]] for (uint i = 0; i < 4; i++)
        if (4 * i4 + i < rows) x_gradient[(4 * i4 + i) * vec4s + c] = sum[i] + skew[i] * addend;
}
