#version 450
// dX = dY * Transposed (+ Addend), in groups of whole vec4 (conv2d_grouped_tile.glsl). Tiles begin
// at multiples of STRIDE, so that the taps that meet a column depend on its place in the tile alone;
// lines of dY that do not meet a line of the tile are fetched as zeros.
// Layout  Transposed [tap][CO4*4][GROUP_IN4]
#extension GL_GOOGLE_include_directive : require
#include "conv2d_grouped_tile.glsl"
layout(constant_id = 6) const bool ADD = false;
layout(push_constant) uniform Push {
    int images;
    int DY_offset;
    int Transposed_offset;
    int Addend_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer DY;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Transposed;
layout(binding = 2, rgba32f) readonly uniform imageBuffer Addend; // any range without ADD
layout(binding = 3, std430) writeonly buffer InputGradient { vec4 dx[]; };

const int ROW_TILES = (HEIGHT + TILE_ROWS - 1) / TILE_ROWS;
const int COLUMN_TILES = (WIDTH + TILE_COLUMNS - 1) / TILE_COLUMNS;
const int AWAY = 16 * STRIDE; // keeps what is divided above 0
// The first column of dY that reaches a tile, from first_column / STRIDE on
const int BACK = (LEFT - (KERNEL_W - 1) * DILATION + AWAY) / STRIDE - AWAY / STRIDE;
const int IN_COLUMNS = (TILE_COLUMNS - 1 + LEFT) / STRIDE - BACK + 1;

void main()
{
    const int c4 = int(gl_GlobalInvocationID.x) % CI4, tile = int(gl_GlobalInvocationID.x) / CI4;
    const int first_column = tile % COLUMN_TILES * TILE_COLUMNS;
    const int first_row = tile / COLUMN_TILES % ROW_TILES * TILE_ROWS;
    const int n = tile / COLUMN_TILES / ROW_TILES;
    const int left = first_column / STRIDE + BACK;
    if (n >= images) return;
    const int first_o4 = c4 / GROUP_IN4 * GROUP_OUT4, i4 = c4 % GROUP_IN4;

    vec4 sum[TILE_PIXELS];
    [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) sum[m] = vec4(0);

    for (int ky = 0; ky < KERNEL_H; ky++)
        for (int o = first_o4; o < first_o4 + GROUP_OUT4; o++) {
            vec4 weight[KERNEL_W * 4];
            [[unroll]] for (int k = 0; k < KERNEL_W * 4; k++) {
                const int row = ((ky * KERNEL_W + k / 4) * CO4 + o) * 4 + k % 4;
                weight[k] = imageLoad(Transposed, Transposed_offset + row * GROUP_IN4 + i4);
            }
            [[unroll]] for (int r = 0; r < TILE_ROWS; r++) {
                const int down = first_row + r + TOP - ky * DILATION, oy = down / STRIDE;
                const bool row_inside = down >= 0 && down % STRIDE == 0 && oy < OUT_HEIGHT;
                const int first = DY_offset + ((n * OUT_HEIGHT + oy) * OUT_WIDTH + left) * CO4 + o;
                [[unroll]] for (int j = 0; j < IN_COLUMNS; j++) {
                    const bool inside = row_inside && left + j >= 0 && left + j < OUT_WIDTH;
                    const vec4 dy = imageLoad(DY, inside ? first + j * CO4 : 0);
                    [[unroll]] for (int kx = 0; kx < KERNEL_W; kx++) {
                        const int column = (BACK + j) * STRIDE + kx * DILATION - LEFT;
                        if (column >= 0 && column < TILE_COLUMNS)
                            [[unroll]] for (int k = 0; k < 4; k++)
                                sum[r * TILE_COLUMNS + column] += dy[k] * weight[kx * 4 + k];
                    }
                }
            }
        }
    [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
        const int row = first_row + m / TILE_COLUMNS, column = first_column + m % TILE_COLUMNS;
        if (row < HEIGHT && column < WIDTH) {
            const int index = ((n * HEIGHT + row) * WIDTH + column) * CI4 + c4;
            vec4 v = sum[m];
            if (ADD) v += imageLoad(Addend, Addend_offset + index);
            dx[index] = v;
        }
    }
}
