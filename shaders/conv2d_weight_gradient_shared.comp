#version 450
// dWeights(tap, ci, co) = sum over pixels of X(pixel under the tap, ci) * dY(pixel, co), through
// shared memory (conv2d_shared.glsl). The inner index counts pixels: left[DEPTH][TILE_ROWS] holds
// vec4 of input channels under a tap, right[DEPTH][TILE_VECTORS] vec4 of dY.
// Work    one invocation: ROWS vec4 of input channels at a tap x VECTORS vec4 of output channels,
//         4 x 4 products each, summed over the pixels of its split.
// Groups  x: tiles of (tap, 4 input channels); y: tiles of output channels; z: splits of the
//         pixels, written to partial [splits][weights] for column_sum to add in a fixed order.
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
#include "conv2d_shared.glsl"
layout(push_constant) uniform Push { int images; };
layout(binding = 0, std430) readonly buffer Input { vec4 x[]; };
layout(binding = 1, std430) readonly buffer OutputGradient { vec4 dy[]; };
layout(binding = 2, std430) writeonly buffer Output { vec4 partial[]; };

const int COUNT = KERNEL_H * KERNEL_W * CI4; // rows of the result, in vec4
const int LEFT_FETCHES = TILE_ROWS * DEPTH / INVOCATIONS; // TILE_ROWS divides 64
const int RIGHT_COUNT = DEPTH * TILE_VECTORS;
const int RIGHT_FETCHES = (RIGHT_COUNT + INVOCATIONS - 1) / INVOCATIONS;
shared vec4 left[DEPTH * TILE_ROWS];
shared vec4 right[RIGHT_COUNT];

void main()
{
    const int pixels = images * OUT_HEIGHT * OUT_WIDTH;
    const int splits = int(gl_NumWorkGroups.z), split = int(gl_WorkGroupID.z);
    const int pixels_a_split = (pixels + splits - 1) / splits;
    const int begin = split * pixels_a_split, end = min(begin + pixels_a_split, pixels);
    const int first_row = int(gl_WorkGroupID.x) * TILE_ROWS;
    const int first_o4 = int(gl_WorkGroupID.y) * TILE_VECTORS;

    // An invocation fetches the same row of `left` for other pixels every time.
    const int fetched_row = invocation() % TILE_ROWS;
    const int fetched = first_row + fetched_row, tap = fetched / CI4;
    const int ky = tap / KERNEL_W - PADDING, kx = tap % KERNEL_W - PADDING;
    vec4 sum[ROWS * 4 * VECTORS];
    [[unroll]] for (int i = 0; i < ROWS * 4 * VECTORS; i++) sum[i] = vec4(0);

    for (int first = begin; first < end; first += DEPTH) {
        [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++) {
            const int d = (f * INVOCATIONS + invocation()) / TILE_ROWS, pixel = first + d;
            const int iy = pixel / OUT_WIDTH % OUT_HEIGHT * STRIDE + ky;
            const int ix = pixel % OUT_WIDTH * STRIDE + kx;
            const int line = pixel / OUT_WIDTH / OUT_HEIGHT * HEIGHT + iy;
            vec4 value = vec4(0);
            if (pixel < end && fetched < COUNT && iy >= 0 && iy < HEIGHT && ix >= 0 && ix < WIDTH)
                value = x[(line * WIDTH + ix) * CI4 + fetched % CI4];
            left[d * TILE_ROWS + fetched_row] = value;
        }
        [[unroll]] for (int f = 0; f < RIGHT_FETCHES; f++) {
            const int at = f * INVOCATIONS + invocation();
            const int pixel = first + at / TILE_VECTORS, o4 = first_o4 + at % TILE_VECTORS;
            vec4 value = vec4(0);
            if (pixel < end && o4 < CO4) value = dy[pixel * CO4 + o4];
            if (at < RIGHT_COUNT) right[at] = value;
        }
        barrier();
        for (int d = 0; d < DEPTH; d++)
            [[unroll]] for (int v = 0; v < VECTORS; v++) {
                const vec4 b = right[d * TILE_VECTORS + v * CHANNEL_LANES + channel_lane()];
                [[unroll]] for (int m = 0; m < ROWS; m++) {
                    const vec4 a = left[d * TILE_ROWS + m * ROW_LANES + row_lane()];
                    [[unroll]] for (int c = 0; c < 4; c++)
                        sum[(m * 4 + c) * VECTORS + v] += a[c] * b;
                }
            }
        barrier();
    }
    [[unroll]] for (int m = 0; m < ROWS; m++)
        [[unroll]] for (int v = 0; v < VECTORS; v++) {
            const int row = first_row + m * ROW_LANES + row_lane();
            const int o4 = first_o4 + v * CHANNEL_LANES + channel_lane();
            [[unroll]] for (int c = 0; c < 4; c++)
                if (row < COUNT && o4 < CO4)
                    partial[((split * COUNT + row) * 4 + c) * CO4 + o4] =
                        sum[(m * 4 + c) * VECTORS + v];
        }
}
