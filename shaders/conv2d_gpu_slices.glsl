// Where a place of the inner index lies, of the families `shared` and `cooperative` in the passes
// whose rows are pixels: the number of the tap, and the channel of CHANNELS a tap.
// As a rule a slice of DEPTH lies within one tap, the same for all invocations.
const bool WHOLE_SLICES = CHANNELS % DEPTH == 0;
const bool WHOLE_TILES = RESULT_VECTORS % TILE_VECTORS == 0;
const int SLICES_A_TAP = WHOLE_SLICES ? CHANNELS / DEPTH : 1;

int tap_at(int slice, int depth)
{
    return WHOLE_SLICES ? slice / SLICES_A_TAP : (slice * DEPTH + depth) / CHANNELS;
}

int channel_at(int slice, int depth)
{
    return WHOLE_SLICES ? slice % SLICES_A_TAP * DEPTH + depth
                        : (slice * DEPTH + depth) % CHANNELS;
}

int slice_count(int taps) { return (taps * CHANNELS + DEPTH - 1) / DEPTH; }
