// The cooperative family where rows are pixels (forward, input gradient): an invocation fetches 8
// channels of a tap.
int top[LEFT_FETCHES], side[LEFT_FETCHES], corner[LEFT_FETCHES]; // of find_row

void fetch(int slice)
{
    [[unroll]] for (int part = 0; part < 2; part++) {
        const int depth = 8 * left_eight() + 4 * part;
        const int tap = tap_at(slice, depth), channel = channel_at(slice, depth);
        [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++)
            fetched_left[2 * f + part] = left_at(top[f], side[f], corner[f], tap, channel);
    }
    [[unroll]] for (int f = 0; f < RIGHT_FETCHES; f++) {
        const int tap = tap_at(slice, right_line(f)), channel = channel_at(slice, right_line(f));
        [[unroll]] for (int part = 0; part < 2; part++)
            fetched_right[2 * f + part] =
                right_at(tap, channel, first_vector() + 2 * right_eight() + part);
    }
}

void find_rows()
{
    [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++)
        find_row(first_row() + left_line(f), top[f], side[f], corner[f]);
}
