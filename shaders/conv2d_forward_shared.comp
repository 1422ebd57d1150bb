#version 450
// Y = X * Weights (+ Bias) through shared memory (conv2d_shared.glsl).
// Work    one invocation: ROWS output pixels, VECTORS vec4 of output channels.
// Groups  x: tiles of pixels; y: tiles of output channels.
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
#include "conv2d_shared.glsl"
#include "conv2d_shared_pixels.glsl"
layout(constant_id = 4) const bool BIAS = false;
layout(push_constant) uniform Push { int images; };
layout(binding = 0, std430) readonly buffer Input { vec4 x[]; };
layout(binding = 1, std430) readonly buffer Weights { vec4 weight[]; };
layout(binding = 2, std430) readonly buffer Bias { vec4 bias[]; }; // any range where BIAS is false
layout(binding = 3, std430) writeonly buffer Output { vec4 y[]; };

const int INNER = KERNEL_H * KERNEL_W * CI4;
const int COMPONENTS = CI < 4 ? CI : 4; // no multiplications by the padding of 1 to 3 channels

void main()
{
    const int rows = images * OUT_HEIGHT * OUT_WIDTH;
    const int first_row = int(gl_WorkGroupID.x) * TILE_ROWS;
    const int first_o4 = int(gl_WorkGroupID.y) * TILE_VECTORS;

    int first_line[LEFT_FETCHES], top[LEFT_FETCHES], side[LEFT_FETCHES]; // under tap (0, 0)
    [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++) {
        const int row = first_row + fetched_row(f);
        first_line[f] = row / OUT_WIDTH / OUT_HEIGHT * HEIGHT;
        top[f] = row < rows ? row / OUT_WIDTH % OUT_HEIGHT * STRIDE - PADDING : -KERNEL_H;
        side[f] = row % OUT_WIDTH * STRIDE - PADDING;
    }
    [[unroll]] for (int v = 0; v < VECTORS; v++) {
        const int o4 = first_o4 + v * CHANNEL_LANES + channel_lane();
        vec4 start = vec4(0);
        if (BIAS && o4 < CO4) start = bias[o4];
        [[unroll]] for (int m = 0; m < ROWS; m++) sum[m * VECTORS + v] = start;
    }
    for (int first = 0; first < INNER; first += DEPTH) {
        const int inner = first + fetched_depth();
        const int tap = inner / CI4, ky = tap / KERNEL_W, kx = tap % KERNEL_W;
        [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++) {
            const int iy = top[f] + ky, ix = side[f] + kx;
            vec4 value = vec4(0);
            if (inner < INNER && iy >= 0 && iy < HEIGHT && ix >= 0 && ix < WIDTH)
                value = x[((first_line[f] + iy) * WIDTH + ix) * CI4 + inner % CI4];
            left[fetched_depth() * TILE_ROWS + fetched_row(f)] = value;
        }
        [[unroll]] for (int f = 0; f < RIGHT_FETCHES; f++) {
            const int at = f * INVOCATIONS + invocation();
            const int k = 4 * first + at / TILE_VECTORS, o4 = first_o4 + at % TILE_VECTORS;
            vec4 value = vec4(0);
            if (k < 4 * INNER && o4 < CO4) value = weight[k * CO4 + o4];
            if (at < RIGHT_COUNT) right[at] = value;
        }
        barrier();
        multiply_slice(COMPONENTS);
        barrier();
    }
    [[unroll]] for (int m = 0; m < ROWS; m++)
        [[unroll]] for (int v = 0; v < VECTORS; v++) {
            const int row = first_row + m * ROW_LANES + row_lane();
            const int o4 = first_o4 + v * CHANNEL_LANES + channel_lane();
            if (row < rows && o4 < CO4) y[row * CO4 + o4] = sum[m * VECTORS + v];
        }
}
