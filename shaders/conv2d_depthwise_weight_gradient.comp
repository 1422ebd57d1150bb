#version 450
// dWeights(tap, c) = sum over pixels of X(pixel under the tap, c) * dY(pixel, c)
// (conv2d_depthwise.glsl). An invocation adds up the tiles of one part; the parts are added up in a
// fixed order. The 3 rows of a tap that no channel has come out 0.
#extension GL_GOOGLE_include_directive : require
#include "conv2d_depthwise.glsl"
layout(push_constant) uniform Push {
    int images;
    int parts;
    int X_offset;
    int DY_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer DY;
layout(binding = 2, std430) writeonly buffer Partial { vec4 partial[]; };

const int ROW_TILES = (OUT_HEIGHT + TILE_ROWS - 1) / TILE_ROWS;
const int COLUMN_TILES = (OUT_WIDTH + TILE_COLUMNS - 1) / TILE_COLUMNS;
const int IN_ROWS = (TILE_ROWS - 1) * STRIDE + (KERNEL_H - 1) * DILATION + 1;
const int IN_COLUMNS = (TILE_COLUMNS - 1) * STRIDE + (KERNEL_W - 1) * DILATION + 1;

void main()
{
    const int c4 = int(gl_GlobalInvocationID.x) % C4, part = int(gl_GlobalInvocationID.x) / C4;
    const int tiles = images * ROW_TILES * COLUMN_TILES;
    const int tiles_a_part = (tiles + parts - 1) / parts;
    if (part >= parts) return;
    vec4 sum[TAPS];
    [[unroll]] for (int tap = 0; tap < TAPS; tap++) sum[tap] = vec4(0);

    for (int t = 0; t < tiles_a_part; t++) {
        const int tile = part * tiles_a_part + t;
        const int first_column = tile % COLUMN_TILES * TILE_COLUMNS;
        const int first_row = tile / COLUMN_TILES % ROW_TILES * TILE_ROWS;
        const int n = tile / COLUMN_TILES / ROW_TILES;
        const int top = first_row * STRIDE - TOP, left = first_column * STRIDE - LEFT;
        vec4 dy[TILE_PIXELS], x[IN_ROWS * IN_COLUMNS];
        [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
            const int row = first_row + m / TILE_COLUMNS, column = first_column + m % TILE_COLUMNS;
            const bool inside = tile < tiles && row < OUT_HEIGHT && column < OUT_WIDTH;
            const int index = ((n * OUT_HEIGHT + row) * OUT_WIDTH + column) * C4 + c4;
            dy[m] = imageLoad(DY, inside ? DY_offset + index : 0);
        }
        [[unroll]] for (int i = 0; i < IN_ROWS; i++) {
            const bool row_inside = tile < tiles && top + i >= 0 && top + i < HEIGHT;
            const int first = X_offset + ((n * HEIGHT + top + i) * WIDTH + left) * C4 + c4;
            [[unroll]] for (int j = 0; j < IN_COLUMNS; j++) {
                const bool inside = row_inside && left + j >= 0 && left + j < WIDTH;
                x[i * IN_COLUMNS + j] = imageLoad(X, inside ? first + j * C4 : 0);
            }
        }
        [[unroll]] for (int k = 0; k < 4; k++)
            [[unroll]] for (int tap = 0; tap < TAPS; tap++) {
                float s = sum[tap][k];
                [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
                    const int row = m / TILE_COLUMNS * STRIDE + tap / KERNEL_W * DILATION;
                    const int column = m % TILE_COLUMNS * STRIDE + tap % KERNEL_W * DILATION;
                    s += x[row * IN_COLUMNS + column][k] * dy[m][k];
                }
                sum[tap][k] = s;
            }
    }
    [[unroll]] for (int i = 0; i < TAPS * 4; i++) {
        vec4 total = vec4(0);
        if (i % 4 == 0) total = sum[i / 4];
        partial[(part * TAPS * 4 + i) * C4 + c4] = total;
    }
}
