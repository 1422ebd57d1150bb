// The cooperative family: the products of the shared family (conv2d_shared.glsl) on a GPU's matrix
// units. Numbers are rounded to float16 on their way into shared memory, products are added in
// float32. Gradients are small: they are multiplied by a power of two before they are rounded
// (float16 ends at 6e-8) and cut off at float16's largest number; the sums are divided by it.
// A workgroup makes a tile of ROW_SUBGROUPS x COLUMN_SUBGROUPS parts; a subgroup makes a part of
// ROW_MATRICES x COLUMN_MATRICES square matrices. As in the shared family slices of DEPTH lie in
// shared memory twice, and one barrier a slice is enough.
#extension GL_KHR_memory_scope_semantics : require
#extension GL_NV_cooperative_matrix : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_control_flow_attributes : require
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int INVOCATIONS = 256; // names the id above
layout(constant_id = 1) const int COLUMN_SUBGROUPS = 2;
layout(constant_id = 2) const int ROW_MATRICES = 2;
layout(constant_id = 3) const int COLUMN_MATRICES = 4;
layout(constant_id = 4) const int DEPTH = 32; // 16 or 32
layout(constant_id = 5) const int LANES = 32;
layout(constant_id = 6) const float SCALE = 1; // of gradients; 1: of nothing, and no limit
const int SIDE = 16; // of a matrix
const int SUBGROUPS = INVOCATIONS / LANES;
const int ROW_SUBGROUPS = SUBGROUPS / COLUMN_SUBGROUPS;
const int TILE_ROWS = ROW_SUBGROUPS * ROW_MATRICES * SIDE;
const int TILE_VECTORS = COLUMN_SUBGROUPS * COLUMN_MATRICES * SIDE / 4;

// In eights of float16. left[row][depth], or [depth][row] where it is TURNED; right[depth][column].
// One eight more a line than are used: the lines of a matrix begin in different banks.
const int LEFT_LINES = TURNED ? DEPTH : TILE_ROWS;
const int LEFT_EIGHTS = (TURNED ? TILE_ROWS : DEPTH) / 8, RIGHT_EIGHTS = TILE_VECTORS / 2;
const int LEFT_STRIDE = LEFT_EIGHTS + 1, RIGHT_STRIDE = RIGHT_EIGHTS + 1;
const int LEFT_FETCHES = LEFT_LINES * LEFT_EIGHTS / INVOCATIONS;
const int RIGHT_FETCHES = (DEPTH * RIGHT_EIGHTS + INVOCATIONS - 1) / INVOCATIONS;
const int RESULTS = SUBGROUPS * SIDE * SIDE / 4; // left is used again for them, as vec4
const int LEFT_SIZE =
    2 * LEFT_LINES * LEFT_STRIDE < RESULTS ? RESULTS : 2 * LEFT_LINES * LEFT_STRIDE;
shared uvec4 left[LEFT_SIZE];
shared uvec4 right[2 * DEPTH * RIGHT_STRIDE];
vec4 fetched_left[2 * LEFT_FETCHES], fetched_right[2 * RIGHT_FETCHES];
fcoopmatNV<32, gl_ScopeSubgroup, SIDE, SIDE> sum[ROW_MATRICES * COLUMN_MATRICES];

int invocation() { return int(gl_LocalInvocationIndex); }
int first_row() { return int(gl_WorkGroupID.x) * TILE_ROWS; }
int first_vector() { return int(gl_WorkGroupID.y) * TILE_VECTORS; }
int subgroup_row() { return int(gl_SubgroupID) / COLUMN_SUBGROUPS * ROW_MATRICES * SIDE; }
int subgroup_column() { return int(gl_SubgroupID) % COLUMN_SUBGROUPS * COLUMN_MATRICES * SIDE; }
// Fetch f of an invocation: the line, and which eight of it: the same in every fetch.
int left_line(int f) { return f * (INVOCATIONS / LEFT_EIGHTS) + invocation() / LEFT_EIGHTS; }
int left_eight() { return invocation() % LEFT_EIGHTS; }
int right_line(int f) { return f * (INVOCATIONS / RIGHT_EIGHTS) + invocation() / RIGHT_EIGHTS; }
int right_eight() { return invocation() % RIGHT_EIGHTS; }

// What the passes define: bring slice number `slice` into registers; take four numbers of the
// result.
void fetch(int slice);
void write_result(int row, int vector, vec4 value);

uvec4 eight_halves(vec4 low, vec4 high, bool scaled)
{
    if (!scaled || SCALE == 1)
        return uvec4(packHalf2x16(low.xy), packHalf2x16(low.zw), packHalf2x16(high.xy),
                     packHalf2x16(high.zw));
    const vec4 most = vec4(65504), a = clamp(low * SCALE, -most, most),
               b = clamp(high * SCALE, -most, most);
    return uvec4(packHalf2x16(a.xy), packHalf2x16(a.zw), packHalf2x16(b.xy), packHalf2x16(b.zw));
}

// Which of both matrices holds gradients.
void put(int pair, bool left_scaled, bool right_scaled)
{
    [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++)
        left[(pair * LEFT_LINES + left_line(f)) * LEFT_STRIDE + left_eight()] =
            eight_halves(fetched_left[2 * f], fetched_left[2 * f + 1], left_scaled);
    [[unroll]] for (int f = 0; f < RIGHT_FETCHES; f++)
        if (right_line(f) < DEPTH)
            right[(pair * DEPTH + right_line(f)) * RIGHT_STRIDE + right_eight()] =
                eight_halves(fetched_right[2 * f], fetched_right[2 * f + 1], right_scaled);
}

void multiply_slice(int pair)
{
    [[unroll]] for (int k = 0; k < DEPTH; k += SIDE) {
        fcoopmatNV<16, gl_ScopeSubgroup, SIDE, SIDE> a[ROW_MATRICES], b;
        [[unroll]] for (int m = 0; m < ROW_MATRICES; m++) {
            const int row = subgroup_row() + m * SIDE;
            const int line = pair * LEFT_LINES + (TURNED ? k : row);
            coopMatLoadNV(a[m], left, line * LEFT_STRIDE + (TURNED ? row : k) / 8, LEFT_STRIDE,
                          TURNED);
        }
        [[unroll]] for (int n = 0; n < COLUMN_MATRICES; n++) {
            const int column = subgroup_column() + n * SIDE;
            coopMatLoadNV(b, right, (pair * DEPTH + k) * RIGHT_STRIDE + column / 8, RIGHT_STRIDE,
                          false);
            [[unroll]] for (int m = 0; m < ROW_MATRICES; m++)
                sum[m * COLUMN_MATRICES + n] =
                    coopMatMulAddNV(a[m], b, sum[m * COLUMN_MATRICES + n]);
        }
    }
}

void multiply(int slices, bool left_scaled, bool right_scaled)
{
    [[unroll]] for (int i = 0; i < ROW_MATRICES * COLUMN_MATRICES; i++)
        sum[i] = fcoopmatNV<32, gl_ScopeSubgroup, SIDE, SIDE>(0.0);
    fetch(0);
    put(0, left_scaled, right_scaled);
    barrier();
    for (int slice = 0; slice < slices; slice++) {
        const bool more = slice + 1 < slices;
        if (more) fetch(slice + 1);
        multiply_slice(slice & 1);
        if (more) put(~slice & 1, left_scaled, right_scaled);
        barrier();
    }
}

// The matrices' layout among the lanes is the driver's secret: each goes through shared memory.
void write_tile(bool scaled)
{
    const int mine = int(gl_SubgroupID) * SIDE * SIDE / 4;
    const float scale = scaled ? 1 / SCALE : 1;
    [[unroll]] for (int m = 0; m < ROW_MATRICES; m++)
        [[unroll]] for (int n = 0; n < COLUMN_MATRICES; n++) {
            coopMatStoreNV(sum[m * COLUMN_MATRICES + n], left, mine, SIDE / 4, false);
            subgroupBarrier();
            [[unroll]] for (int i = 0; i < SIDE * SIDE / 4; i += LANES) {
                const int at = i + int(gl_SubgroupInvocationID);
                write_result(first_row() + subgroup_row() + m * SIDE + at / 4,
                             first_vector() + (subgroup_column() + n * SIDE) / 4 + at % 4,
                             uintBitsToFloat(left[mine + at]) * scale);
            }
            subgroupBarrier();
        }
}
