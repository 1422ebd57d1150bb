#version 450
// Y = X * Weights (+ Bias), channel by channel (conv2d_depthwise.glsl); stored as
// conv2d_forward_epilogue.glsl says
#extension GL_GOOGLE_include_directive : require
#include "conv2d_depthwise.glsl"
layout(push_constant) uniform Push {
    int images;
    float epsilon, negative_slope, ceiling;
    int X_offset;
    int Weights_offset;
    int Bias_offset;
    int Mean_offset;
    int Variance_offset;
    int Scale_offset;
    int Shift_offset;
    int Addend_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Weights;
// any range where they are not used
layout(binding = 2, rgba32f) readonly uniform imageBuffer Bias;
layout(binding = 3, rgba32f) readonly uniform imageBuffer Mean;
layout(binding = 4, rgba32f) readonly uniform imageBuffer Variance;
layout(binding = 5, rgba32f) readonly uniform imageBuffer Scale;
layout(binding = 6, rgba32f) readonly uniform imageBuffer Shift;
layout(binding = 7, rgba32f) readonly uniform imageBuffer Addend;
layout(binding = 8, std430) writeonly buffer Output { vec4 y[]; };
layout(binding = 9, std430) writeonly buffer Raw { vec4 raw[]; }; // any range without KEEP
#include "conv2d_forward_epilogue.glsl"

const int ROW_TILES = (OUT_HEIGHT + TILE_ROWS - 1) / TILE_ROWS;
const int COLUMN_TILES = (OUT_WIDTH + TILE_COLUMNS - 1) / TILE_COLUMNS;
const int IN_ROWS = (TILE_ROWS - 1) * STRIDE + (KERNEL_H - 1) * DILATION + 1;
const bool WHOLE_TILES = OUT_HEIGHT % TILE_ROWS == 0 && OUT_WIDTH % TILE_COLUMNS == 0;
const int IN_COLUMNS = (TILE_COLUMNS - 1) * STRIDE + (KERNEL_W - 1) * DILATION + 1;

void main()
{
    const int c4 = int(gl_GlobalInvocationID.x) % C4, tile = int(gl_GlobalInvocationID.x) / C4;
    const int first_column = tile % COLUMN_TILES * TILE_COLUMNS;
    const int first_row = tile / COLUMN_TILES % ROW_TILES * TILE_ROWS;
    const int n = tile / COLUMN_TILES / ROW_TILES;
    const int top = first_row * STRIDE - TOP, left = first_column * STRIDE - LEFT;
    if (n >= images) return;

    vec4 weight[TAPS], x[IN_ROWS * IN_COLUMNS], sum[TILE_PIXELS], bias = vec4(0);
    [[unroll]] for (int tap = 0; tap < TAPS; tap++)
        weight[tap] = imageLoad(Weights, Weights_offset + tap * 4 * C4 + c4);
    if (BIAS) bias = imageLoad(Bias, Bias_offset + c4);
    [[unroll]] for (int i = 0; i < IN_ROWS; i++) {
        const bool row_inside = top + i >= 0 && top + i < HEIGHT;
        const int first = X_offset + ((n * HEIGHT + top + i) * WIDTH + left) * C4 + c4;
        [[unroll]] for (int j = 0; j < IN_COLUMNS; j++) {
            const bool inside = row_inside && left + j >= 0 && left + j < WIDTH;
            x[i * IN_COLUMNS + j] = imageLoad(X, inside ? first + j * C4 : 0);
        }
    }
    [[unroll]] for (int k = 0; k < 4; k++)
        [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
            float s = bias[k];
            [[unroll]] for (int tap = 0; tap < TAPS; tap++) {
                const int row = m / TILE_COLUMNS * STRIDE + tap / KERNEL_W * DILATION;
                const int column = m % TILE_COLUMNS * STRIDE + tap % KERNEL_W * DILATION;
                s += x[row * IN_COLUMNS + column][k] * weight[tap][k];
            }
            sum[m][k] = s;
        }
    const Norm norm = norm_of(c4);
    [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
        const int row = first_row + m / TILE_COLUMNS, column = first_column + m % TILE_COLUMNS;
        if (WHOLE_TILES || (row < OUT_HEIGHT && column < OUT_WIDTH))
            store(((n * OUT_HEIGHT + row) * OUT_WIDTH + column) * C4 + c4, sum[m], norm);
    }
}
