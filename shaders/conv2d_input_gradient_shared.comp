#version 450
// dX = dY * Transposed (+ Addend) through shared memory (conv2d_shared.glsl): the tap (ky, kx)
// brings dY(oy, ox) to X(y, x) where y + PADDING - ky = oy * STRIDE and likewise in x.
// Work    one invocation: ROWS input pixels, VECTORS vec4 of input channels. At stride 2 the pixels
//         of a workgroup have one parity each in y and x, so that the same taps meet them all: no
//         multiplication by 0. No tap at all may be left (1x1 kernels): then it writes the addend.
// Groups  x: tiles of pixels of a parity; y: tiles of input channels; z: parities.
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
#include "conv2d_shared.glsl"
#include "conv2d_shared_pixels.glsl"
layout(constant_id = 4) const bool ADD = false;
layout(push_constant) uniform Push { int images; };
layout(binding = 0, std430) readonly buffer OutputGradient { vec4 dy[]; };
layout(binding = 1, std430) readonly buffer Transposed { vec4 weight[]; };
layout(binding = 2, std430) readonly buffer Addend { vec4 addend[]; }; // any range without ADD
layout(binding = 3, std430) writeonly buffer InputGradient { vec4 dx[]; };

// Pixels of one parity in an image, perhaps a line and a column too many.
const int LINES = (HEIGHT + STRIDE - 1) / STRIDE, COLUMNS = (WIDTH + STRIDE - 1) / STRIDE;
const int COMPONENTS = CO < 4 ? CO : 4;

void main()
{
    const int rows = images * LINES * COLUMNS;
    const int first_row = int(gl_WorkGroupID.x) * TILE_ROWS;
    const int first_c4 = int(gl_WorkGroupID.y) * TILE_VECTORS;
    const int parity_y = int(gl_WorkGroupID.z) / STRIDE, parity_x = int(gl_WorkGroupID.z) % STRIDE;
    // The taps that meet these pixels: every STRIDE-th from the first.
    const int first_ky = (parity_y + PADDING) % STRIDE, first_kx = (parity_x + PADDING) % STRIDE;
    const int taps_y = (KERNEL_H - first_ky + STRIDE - 1) / STRIDE;
    const int taps_x = (KERNEL_W - first_kx + STRIDE - 1) / STRIDE;
    const int inner_count = taps_y * taps_x * CO4;

    int first_line[LEFT_FETCHES], top[LEFT_FETCHES], side[LEFT_FETCHES]; // through the first tap
    [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++) {
        const int row = first_row + fetched_row(f);
        first_line[f] = row / COLUMNS / LINES * OUT_HEIGHT;
        top[f] = row < rows
                     ? row / COLUMNS % LINES + (parity_y + PADDING - first_ky) / STRIDE
                     : -1;
        side[f] = row % COLUMNS + (parity_x + PADDING - first_kx) / STRIDE;
    }
    [[unroll]] for (int i = 0; i < ROWS * VECTORS; i++) sum[i] = vec4(0);

    for (int first = 0; first < inner_count; first += DEPTH) {
        const int inner = first + fetched_depth();
        const int tap = inner / CO4, up = tap / taps_x, back = tap % taps_x;
        [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++) {
            const int oy = top[f] - up, ox = side[f] - back;
            vec4 value = vec4(0);
            if (inner < inner_count && oy >= 0 && oy < OUT_HEIGHT && ox >= 0 && ox < OUT_WIDTH)
                value = dy[((first_line[f] + oy) * OUT_WIDTH + ox) * CO4 + inner % CO4];
            left[fetched_depth() * TILE_ROWS + fetched_row(f)] = value;
        }
        [[unroll]] for (int f = 0; f < RIGHT_FETCHES; f++) {
            const int at = f * INVOCATIONS + invocation();
            const int k = 4 * first + at / TILE_VECTORS, c4 = first_c4 + at % TILE_VECTORS;
            const int met = k / (4 * CO4); // which of the taps
            const int ky = first_ky + met / taps_x * STRIDE;
            const int kx = first_kx + met % taps_x * STRIDE;
            const int row = (ky * KERNEL_W + kx) * 4 * CO4 + k % (4 * CO4);
            vec4 value = vec4(0);
            if (k < 4 * inner_count && c4 < CI4) value = weight[row * CI4 + c4];
            if (at < RIGHT_COUNT) right[at] = value;
        }
        barrier();
        multiply_slice(COMPONENTS);
        barrier();
    }
    [[unroll]] for (int m = 0; m < ROWS; m++)
        [[unroll]] for (int v = 0; v < VECTORS; v++) {
            const int row = first_row + m * ROW_LANES + row_lane();
            const int c4 = first_c4 + v * CHANNEL_LANES + channel_lane();
            const int iy = row / COLUMNS % LINES * STRIDE + parity_y;
            const int ix = row % COLUMNS * STRIDE + parity_x;
            const int at = ((row / COLUMNS / LINES * HEIGHT + iy) * WIDTH + ix) * CI4 + c4;
            if (row < rows && iy < HEIGHT && ix < WIDTH && c4 < CI4) {
                vec4 value = sum[m * VECTORS + v];
                if (ADD) value += addend[at];
                dx[at] = value;
            }
        }
}
