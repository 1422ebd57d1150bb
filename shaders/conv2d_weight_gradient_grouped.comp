#version 450
// dWeights(tap, i, o) = sum over pixels of X(pixel under the tap, i of o's group) * dY(pixel, o), in
// groups of whole vec4 (conv2d_grouped_tile.glsl).
// Work    one invocation: 4 inputs by 4 outputs of all taps of a kernel row, over the tiles of one
//         part. The parts are added up in a fixed order.
#extension GL_GOOGLE_include_directive : require
#include "conv2d_grouped_tile.glsl"
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
const int IN_COLUMNS = (TILE_COLUMNS - 1) * STRIDE + (KERNEL_W - 1) * DILATION + 1;
const int SUMS = KERNEL_W * 4; // of a kernel row

void main()
{
    const int index = int(gl_GlobalInvocationID.x);
    const int o4 = index % CO4, i4 = index / CO4 % GROUP_IN4;
    const int ky = index / CO4 / GROUP_IN4 % KERNEL_H, part = index / CO4 / GROUP_IN4 / KERNEL_H;
    const int tiles = images * ROW_TILES * COLUMN_TILES;
    const int tiles_a_part = (tiles + parts - 1) / parts;
    if (part >= parts) return;
    const int c4 = o4 / GROUP_OUT4 * GROUP_IN4 + i4;
    vec4 sum[SUMS];
    [[unroll]] for (int s = 0; s < SUMS; s++) sum[s] = vec4(0);

    for (int t = 0; t < tiles_a_part; t++) {
        const int tile = part * tiles_a_part + t;
        const int first_column = tile % COLUMN_TILES * TILE_COLUMNS;
        const int first_row = tile / COLUMN_TILES % ROW_TILES * TILE_ROWS;
        const int n = tile / COLUMN_TILES / ROW_TILES;
        const int left = first_column * STRIDE - LEFT;
        [[unroll]] for (int r = 0; r < TILE_ROWS; r++) {
            const int oy = first_row + r, iy = oy * STRIDE - TOP + ky * DILATION;
            const bool row_inside = tile < tiles && oy < OUT_HEIGHT && iy >= 0 && iy < HEIGHT;
            const int first = X_offset + ((n * HEIGHT + iy) * WIDTH + left) * CI4 + c4;
            vec4 dy[TILE_COLUMNS];
            [[unroll]] for (int m = 0; m < TILE_COLUMNS; m++) {
                const bool inside = row_inside && first_column + m < OUT_WIDTH;
                const int at = ((n * OUT_HEIGHT + oy) * OUT_WIDTH + first_column + m) * CO4 + o4;
                dy[m] = imageLoad(DY, inside ? DY_offset + at : 0);
            }
            [[unroll]] for (int j = 0; j < IN_COLUMNS; j++) {
                const bool inside = row_inside && left + j >= 0 && left + j < WIDTH;
                const vec4 x = imageLoad(X, inside ? first + j * CI4 : 0);
                [[unroll]] for (int kx = 0; kx < KERNEL_W; kx++) {
                    const int along = j - kx * DILATION, column = along / STRIDE;
                    if (along >= 0 && along % STRIDE == 0 && column < TILE_COLUMNS)
                        [[unroll]] for (int k = 0; k < 4; k++)
                            sum[kx * 4 + k] += x[k] * dy[column];
                }
            }
        }
    }
    [[unroll]] for (int s = 0; s < SUMS; s++) {
        const int row = ((ky * KERNEL_W + s / 4) * GROUP_IN4 + i4) * 4 + s % 4;
        partial[(part * KERNEL_H * KERNEL_W * GROUP_IN4 * 4 + row) * CO4 + o4] = sum[s];
    }
}
