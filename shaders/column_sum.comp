#version 450
// total(split, column) = sum over the rows of that split of X(row, column), in order of the rows
// Layout  X [rows][columns] vec4; total [splits][columns]. rows * columns = count; the last row may
//         be cut short.
// Work    one invocation: a column of a split. So sums over few columns (a bias gradient: 4 vec4s
//         over 100,000 pixels) are taken in two runs: first as a matrix of rows made of several
//         pixels, splits and all, then over what that left. Deterministic: no atomics.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint WORKGROUP_SIZE = 64;
layout(push_constant) uniform Push {
    int count;
    int columns;
    int rows_per_split;
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 total[]; };

void main()
{
    const int column = int(gl_GlobalInvocationID.x), split = int(gl_WorkGroupID.y);
    const int first = split * rows_per_split * columns + column;
    vec4 sum = vec4(0);
    for (int row = 0; row < rows_per_split; row++) {
        const int index = first + row * columns;
        sum += imageLoad(X, column < columns && index < count ? X_offset + index : 0);
    }
    if (column < columns) total[split * columns + column] = sum;
}
