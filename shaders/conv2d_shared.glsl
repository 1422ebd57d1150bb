// The shared family: convolution as a product of two matrices, through shared memory. For GPUs.
//   forward          Y [pixels][co]        = X under the taps [pixels][tap,ci] * Weights
//   input gradient   dX [pixels][ci]       = dY over the taps [pixels][tap,co] * Transposed
//   weight gradient  dWeights [tap,ci][co] = X under the taps, turned          * dY [pixels][co]
// The wide left matrix is never stored: its numbers are looked up while they are fetched.
// A workgroup makes a tile of the result, TILE_ROWS rows of TILE_VECTORS vec4 of channels. It goes
// along the inner index a slice at a time: all invocations fetch the slice of both matrices into
// shared memory, meet at a barrier, and multiply, so that a number comes from memory once for the
// whole tile. An invocation's part of the tile stays in registers, 32 to 64 accumulators: enough
// that 16 multiplications stand against each vec4 read from shared memory, few enough that several
// workgroups fit a GPU's core. Its rows and vectors lie apart, so that neighbours read neighbours.
// 64 invocations and at most 12 KiB: every Vulkan device has room (128 and 16 KiB). Sums run in
// one fixed order. Everything is read through storage buffers; on CPU drivers, where a barrier ends
// a vector's loop, this is some 80 times slower than the shuffle family.
layout(local_size_x = 64) in;
layout(constant_id = 0) const int CHANNEL_LANES = 8; // invocations side by side on channels
layout(constant_id = 1) const int VECTORS = 2;       // vec4 of channels an invocation
layout(constant_id = 2) const int ROWS = 8;          // rows an invocation
layout(constant_id = 3) const int DEPTH = 4;         // of a slice; a power of two, at most 64
const int INVOCATIONS = 64;
const int ROW_LANES = INVOCATIONS / CHANNEL_LANES;
const int TILE_ROWS = ROW_LANES * ROWS;
const int TILE_VECTORS = CHANNEL_LANES * VECTORS;

int invocation() { return int(gl_LocalInvocationIndex); }
int row_lane() { return invocation() / CHANNEL_LANES; }
int channel_lane() { return invocation() % CHANNEL_LANES; }
