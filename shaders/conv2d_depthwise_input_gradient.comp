#version 450
// dX = dY * turned Weights, channel by channel (conv2d_depthwise.glsl): dY(oy, ox) goes to
// X(oy * STRIDE + ky * DILATION - TOP, and so on) through tap (ky, kx). Tiles begin at multiples of
// STRIDE, so that the taps that meet a pixel depend on its place in the tile alone. Stored as
// conv2d_gradient_epilogue.glsl says.
#extension GL_GOOGLE_include_directive : require
#include "conv2d_depthwise.glsl"
layout(push_constant) uniform Push {
    int images;
    float epsilon, negative_slope, ceiling;
    int DY_offset;
    int Weights_offset;
    int Addend_offset;
    int Made_offset;
    int Variance_offset;
    int Scale_offset;
    int Behind_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer DY;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Weights;
// any range where they are not used
layout(binding = 2, rgba32f) readonly uniform imageBuffer Addend;
layout(binding = 3, rgba32f) readonly uniform imageBuffer Made; // X
layout(binding = 4, rgba32f) readonly uniform imageBuffer Variance;
layout(binding = 5, rgba32f) readonly uniform imageBuffer Scale;
layout(binding = 6, rgba32f) readonly uniform imageBuffer Behind;
layout(binding = 7, std430) writeonly buffer InputGradient { vec4 dx[]; };
#include "conv2d_gradient_epilogue.glsl"

const int ROW_TILES = (HEIGHT + TILE_ROWS - 1) / TILE_ROWS;
const int COLUMN_TILES = (WIDTH + TILE_COLUMNS - 1) / TILE_COLUMNS;
const bool WHOLE_TILES = HEIGHT % TILE_ROWS == 0 && WIDTH % TILE_COLUMNS == 0;
const int AWAY = 16 * STRIDE; // keeps what is divided above 0
// The first line and column of dY that reach a tile, from first_row / STRIDE on
const int UP = (TOP - (KERNEL_H - 1) * DILATION + AWAY) / STRIDE - AWAY / STRIDE;
const int BACK = (LEFT - (KERNEL_W - 1) * DILATION + AWAY) / STRIDE - AWAY / STRIDE;
const int IN_ROWS = (TILE_ROWS - 1 + TOP) / STRIDE - UP + 1;
const int IN_COLUMNS = (TILE_COLUMNS - 1 + LEFT) / STRIDE - BACK + 1;

void main()
{
    const int c4 = int(gl_GlobalInvocationID.x) % C4, tile = int(gl_GlobalInvocationID.x) / C4;
    const int first_column = tile % COLUMN_TILES * TILE_COLUMNS;
    const int first_row = tile / COLUMN_TILES % ROW_TILES * TILE_ROWS;
    const int n = tile / COLUMN_TILES / ROW_TILES;
    const int top = first_row / STRIDE + UP, left = first_column / STRIDE + BACK;
    if (n >= images) return;

    vec4 weight[TAPS], dy[IN_ROWS * IN_COLUMNS], sum[TILE_PIXELS];
    [[unroll]] for (int tap = 0; tap < TAPS; tap++)
        weight[tap] = imageLoad(Weights, Weights_offset + tap * 4 * C4 + c4);
    [[unroll]] for (int i = 0; i < IN_ROWS; i++) {
        const bool row_inside = top + i >= 0 && top + i < OUT_HEIGHT;
        const int first = DY_offset + ((n * OUT_HEIGHT + top + i) * OUT_WIDTH + left) * C4 + c4;
        [[unroll]] for (int j = 0; j < IN_COLUMNS; j++) {
            const bool inside = row_inside && left + j >= 0 && left + j < OUT_WIDTH;
            dy[i * IN_COLUMNS + j] = imageLoad(DY, inside ? first + j * C4 : 0);
        }
    }
    [[unroll]] for (int k = 0; k < 4; k++)
        [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
            float s = 0;
            [[unroll]] for (int tap = 0; tap < TAPS; tap++) {
                const int down = m / TILE_COLUMNS + TOP - tap / KERNEL_W * DILATION - UP * STRIDE;
                const int along = m % TILE_COLUMNS + LEFT - tap % KERNEL_W * DILATION - BACK * STRIDE;
                if (down % STRIDE == 0 && along % STRIDE == 0)
                    s += dy[down / STRIDE * IN_COLUMNS + along / STRIDE][k] * weight[tap][k];
            }
            sum[m][k] = s;
        }
    const vec4 above = slope_of(c4);
    [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
        const int row = first_row + m / TILE_COLUMNS, column = first_column + m % TILE_COLUMNS;
        if (WHOLE_TILES || (row < HEIGHT && column < WIDTH))
            store(((n * HEIGHT + row) * WIDTH + column) * C4 + c4, sum[m], above);
    }
}
