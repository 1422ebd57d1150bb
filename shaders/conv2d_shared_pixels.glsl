// The shared family where rows are pixels (forward, input gradient). Channels of a tap are fetched 4
// at a time and turned on the way into `left`. Two invocations fetch 8 neighbouring channels of a
// pixel, a whole sector of a GPU's memory.
const int PAIR = DEPTH < 8 ? 1 : 2;
const int ROW_FETCHES = TILE_ROWS * PAIR / INVOCATIONS;
const int DEPTH_FETCHES = DEPTH / (4 * PAIR);
vec4 fetched_left[ROW_FETCHES * DEPTH_FETCHES];
vec4 fetched_right[RIGHT_FETCHES];
int top[ROW_FETCHES], side[ROW_FETCHES], corner[ROW_FETCHES]; // of find_row

int fetched_row(int f) { return (f * INVOCATIONS + invocation()) / PAIR; }
int fetched_depth(int f) { return 4 * (f * PAIR + invocation() % PAIR); }

void fetch(int slice)
{
    [[unroll]] for (int f = 0; f < DEPTH_FETCHES; f++) {
        const int tap = tap_at(slice, fetched_depth(f));
        const int channel = channel_at(slice, fetched_depth(f));
        [[unroll]] for (int r = 0; r < ROW_FETCHES; r++)
            fetched_left[f * ROW_FETCHES + r] = left_at(top[r], side[r], corner[r], tap, channel);
    }
    [[unroll]] for (int f = 0; f < RIGHT_FETCHES; f++)
        fetched_right[f] = right_at(tap_at(slice, right_depth(f)), channel_at(slice, right_depth(f)),
                                    first_vector() + right_vector(f));
}

void put(int pair)
{
    [[unroll]] for (int f = 0; f < DEPTH_FETCHES; f++)
        [[unroll]] for (int r = 0; r < ROW_FETCHES; r++)
            [[unroll]] for (int c = 0; c < 4; c++)
                left[(pair * DEPTH + fetched_depth(f) + c) * LEFT_STRIDE + fetched_row(r) / 4]
                    [fetched_row(r) % 4] = fetched_left[f * ROW_FETCHES + r][c];
    [[unroll]] for (int f = 0; f < RIGHT_FETCHES; f++)
        if (right_depth(f) < DEPTH)
            right[(pair * DEPTH + right_depth(f)) * TILE_VECTORS + right_vector(f)] =
                fetched_right[f];
}

void main()
{
    [[unroll]] for (int r = 0; r < ROW_FETCHES; r++)
        find_row(first_row() + fetched_row(r), top[r], side[r], corner[r]);
    multiply(slice_count(tap_count()), USED);
    write_tile();
}
