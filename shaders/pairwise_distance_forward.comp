#version 450
// distance_ij = sqrt(max(sum_c (x_ic - x_jc + shift)^2, smallest_square)); 1 on the diagonal
// Layout  X: [N][C4] as vec4; distance: [N][N4] as vec4 of 4 columns, padding columns 0.
// Work    one invocation: a tile of 4 rows and 4 columns, so that 8 fetches feed 16 sums.
// Squares of differences, not |a|^2 + |b|^2 - 2ab: nothing cancels where a and b are close.
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
    uint rows;     // N
    uint channels; // C
    float shift; // added to every real channel of the difference
    float smallest_square;
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 distance_rows[]; };

void main()
{
    const uint columns4 = (rows + 3) / 4;
    const uint vec4s = (channels + 3) / 4;
    const uint first_row = gl_GlobalInvocationID.x / columns4 * 4;
    const uint first_column = gl_GlobalInvocationID.x % columns4 * 4;
    if (first_row >= rows) return;
    uint row_start[4], column_start[4];
    float squares[4][4];
    [[unroll]] for (uint i = 0; i < 4; i++) {
        // Beyond the end the last sample is read again; what it gives is not written.
        row_start[i] = min(first_row + i, rows - 1) * vec4s;
        column_start[i] = min(first_column + i, rows - 1) * vec4s;
        [[unroll]] for (uint j = 0; j < 4; j++) squares[i][j] = 0;
    }
    for (uint c = 0; c < vec4s; c++) {
        const bvec4 real = lessThan(4 * c + uvec4(0, 1, 2, 3), uvec4(channels));
        const vec4 addend = mix(vec4(0), vec4(shift), real);
        vec4 column[4];
        [[unroll]] for (uint j = 0; j < 4; j++)
            column[j] = imageLoad(X, X_offset + int(column_start[j] + c));
        [[unroll]] for (uint i = 0; i < 4; i++) {
            const vec4 row = imageLoad(X, X_offset + int(row_start[i] + c));
            [[unroll]] for (uint j = 0; j < 4; j++) {
                const vec4 difference = row - column[j] + addend;
                squares[i][j] += dot(difference, difference);
            }
        }
    }
    const uvec4 column = first_column + uvec4(0, 1, 2, 3);
    [[unroll]] for (uint i = 0; i < 4; i++) {
        const uint row = first_row + i;
        if (row >= rows) break;
        vec4 result = vec4(squares[i][0], squares[i][1], squares[i][2], squares[i][3]);
        result = sqrt(max(result, vec4(smallest_square)));
        result = mix(result, vec4(1), equal(column, uvec4(row)));
        result = mix(result, vec4(0), greaterThanEqual(column, uvec4(rows)));
        distance_rows[row * columns4 + first_column / 4] = result;
    }
}
