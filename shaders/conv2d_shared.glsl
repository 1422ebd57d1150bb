// The shared family: convolution as a product of two matrices, through shared memory. For GPUs.
//   forward          Y [pixels][co]        = X under the taps [pixels][tap,ci] * Weights
//   input gradient   dX [pixels][ci]       = dY over the taps [pixels][tap,co] * Transposed
//   weight gradient  dWeights [tap,ci][co] = X under the taps, turned          * dY [pixels][co]
// The wide left matrix is never stored: its numbers are looked up while they are fetched.
// A workgroup makes a tile of the result, TILE_ROWS rows of TILE_VECTORS vec4 of channels. It goes
// along the inner index a slice of DEPTH at a time: left[DEPTH][row] and right[DEPTH][channel] lie
// in shared memory twice. While one pair is multiplied, the next slice is on its way from memory
// to registers; it is put into the other pair, and one barrier a slice is enough.
// An invocation's part of the tile stays in registers: QUADS times 4 rows, VECTORS vec4 of channels.
// With 16 rows and 8 channels 21 multiplications stand against each vec4 read from shared memory,
// with 8 and 8 only 16: where a core multiplies as fast as 32 banks deliver, that is the limit. Its
// quads and vectors lie apart, so that neighbours read neighbours. Sums run in one fixed order, the
// same for every tile. Everything is read through storage buffers; on CPU drivers, where a barrier
// ends a vector's loop, this is some 80 times slower than the shuffle family.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int INVOCATIONS = 64;  // names the id above; a multiple of 32
layout(constant_id = 1) const int CHANNEL_LANES = 8; // invocations side by side on channels
layout(constant_id = 2) const int VECTORS = 2;       // vec4 of channels an invocation
layout(constant_id = 3) const int QUADS = 2;         // of rows an invocation
layout(constant_id = 4) const int DEPTH = 8;         // of a slice; a power of two, at least 4
layout(constant_id = 5) const int UNROLLED = 1;      // depths; divides DEPTH
const int ROW_LANES = INVOCATIONS / CHANNEL_LANES;
const int TILE_QUADS = ROW_LANES * QUADS;
const int TILE_ROWS = 4 * TILE_QUADS;
const int TILE_VECTORS = CHANNEL_LANES * VECTORS;
// One quad more a row than are used: invocations that put neighbouring depths meet other banks.
const int LEFT_STRIDE = TILE_QUADS + 1;
const int RIGHT_FETCHES = (DEPTH * TILE_VECTORS + INVOCATIONS - 1) / INVOCATIONS;
shared vec4 left[2 * DEPTH * LEFT_STRIDE];
shared vec4 right[2 * DEPTH * TILE_VECTORS];
vec4 sum[4 * QUADS * VECTORS];

int invocation() { return int(gl_LocalInvocationIndex); }
int first_row() { return int(gl_WorkGroupID.x) * TILE_ROWS; }
int first_vector() { return int(gl_WorkGroupID.y) * TILE_VECTORS; }
// 32 neighbours, who read shared memory together on most GPUs, take a block of at most 8 vectors of
// channels: fewer different words than 16 or 32 in a line.
const int BLOCK = CHANNEL_LANES < 8 ? CHANNEL_LANES : 8;
const int BLOCKS = CHANNEL_LANES / BLOCK;
int channel_lane() { return invocation() % BLOCK + invocation() / 32 % BLOCKS * BLOCK; }
int row_lane() { return invocation() % 32 / BLOCK + invocation() / 32 / BLOCKS * (32 / BLOCK); }
int tile_quad(int q) { return q * ROW_LANES + row_lane(); }
int tile_vector(int v) { return v * CHANNEL_LANES + channel_lane(); }
// What an invocation fetches of `right`.
int right_depth(int f) { return (f * INVOCATIONS + invocation()) / TILE_VECTORS; }
int right_vector(int f) { return (f * INVOCATIONS + invocation()) % TILE_VECTORS; }

// What the passes define: bring slice number `slice` into registers, put it into pair `pair`, and
// take four numbers of the result.
void fetch(int slice);
void put(int pair);
void write_result(int row, int vector, vec4 value);

// `used` less than 4: the last 4 - used of every 4 rows of `left` are padding.
void multiply_slice(int pair, int used)
{
    for (int first = 0; first < DEPTH; first += UNROLLED)
        [[unroll]] for (int d = 0; d < UNROLLED; d++) {
            if (used < 4 && (first + d) % 4 >= used) continue;
            const int line = pair * DEPTH + first + d;
            vec4 a[QUADS];
            [[unroll]] for (int q = 0; q < QUADS; q++)
                a[q] = left[line * LEFT_STRIDE + tile_quad(q)];
            [[unroll]] for (int v = 0; v < VECTORS; v++) {
                const vec4 b = right[line * TILE_VECTORS + tile_vector(v)];
                [[unroll]] for (int q = 0; q < QUADS; q++)
                    [[unroll]] for (int r = 0; r < 4; r++)
                        sum[(4 * q + r) * VECTORS + v] += a[q][r] * b;
            }
        }
}

void multiply(int slices, int used)
{
    [[unroll]] for (int i = 0; i < 4 * QUADS * VECTORS; i++) sum[i] = vec4(0);
    fetch(0);
    put(0);
    barrier();
    for (int slice = 0; slice < slices; slice++) {
        const bool more = slice + 1 < slices;
        if (more) fetch(slice + 1);
        multiply_slice(slice & 1, used);
        if (more) put(~slice & 1);
        barrier();
    }
}

void write_tile()
{
    [[unroll]] for (int q = 0; q < QUADS; q++)
        [[unroll]] for (int r = 0; r < 4; r++)
            [[unroll]] for (int v = 0; v < VECTORS; v++)
                write_result(first_row() + 4 * tile_quad(q) + r, first_vector() + tile_vector(v),
                             sum[(4 * q + r) * VECTORS + v]);
}
