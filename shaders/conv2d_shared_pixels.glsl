// The shared family where rows are pixels (forward, input gradient). The inner index counts vec4:
// left[DEPTH][TILE_ROWS], a vec4 of read channels at one tap; right[4 * DEPTH][TILE_VECTORS], the
// rows of weights of those 4 channels.
const int LEFT_FETCHES = TILE_ROWS * DEPTH / INVOCATIONS; // TILE_ROWS >= 64: no remainder
const int RIGHT_COUNT = 4 * DEPTH * TILE_VECTORS;
const int RIGHT_FETCHES = (RIGHT_COUNT + INVOCATIONS - 1) / INVOCATIONS;
shared vec4 left[DEPTH * TILE_ROWS];
shared vec4 right[RIGHT_COUNT];
vec4 sum[ROWS * VECTORS];

// What an invocation fetches of `left` in every slice: fetch f is row fetched_row(f) of the tile, at
// depth fetched_depth(). Neighbours fetch neighbouring channels of one pixel.
int fetched_depth() { return invocation() % DEPTH; }
int fetched_row(int f) { return (f * INVOCATIONS + invocation()) / DEPTH; }

void multiply_slice(int components)
{
    for (int d = 0; d < DEPTH; d++) {
        vec4 a[ROWS];
        [[unroll]] for (int m = 0; m < ROWS; m++)
            a[m] = left[d * TILE_ROWS + m * ROW_LANES + row_lane()];
        [[unroll]] for (int c = 0; c < components; c++)
            [[unroll]] for (int v = 0; v < VECTORS; v++) {
                const vec4 weight =
                    right[(4 * d + c) * TILE_VECTORS + v * CHANNEL_LANES + channel_lane()];
                [[unroll]] for (int m = 0; m < ROWS; m++)
                    sum[m * VECTORS + v] += a[m][c] * weight;
            }
    }
}
