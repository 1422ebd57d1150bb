#version 450
// Y = X * Weights (+ Bias), in groups of whole vec4 (conv2d_grouped_tile.glsl)
#extension GL_GOOGLE_include_directive : require
#include "conv2d_grouped_tile.glsl"
layout(constant_id = 6) const bool BIAS = false;
layout(push_constant) uniform Push {
    int images;
    int X_offset;
    int Weights_offset;
    int Bias_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Weights;
layout(binding = 2, rgba32f) readonly uniform imageBuffer Bias; // any range where BIAS is false
layout(binding = 3, std430) writeonly buffer Output { vec4 y[]; };

const int ROW_TILES = (OUT_HEIGHT + TILE_ROWS - 1) / TILE_ROWS;
const int COLUMN_TILES = (OUT_WIDTH + TILE_COLUMNS - 1) / TILE_COLUMNS;
const int IN_COLUMNS = (TILE_COLUMNS - 1) * STRIDE + (KERNEL_W - 1) * DILATION + 1;

void main()
{
    const int o4 = int(gl_GlobalInvocationID.x) % CO4, tile = int(gl_GlobalInvocationID.x) / CO4;
    const int first_column = tile % COLUMN_TILES * TILE_COLUMNS;
    const int first_row = tile / COLUMN_TILES % ROW_TILES * TILE_ROWS;
    const int n = tile / COLUMN_TILES / ROW_TILES;
    const int left = first_column * STRIDE - LEFT;
    if (n >= images) return;
    const int first_c4 = o4 / GROUP_OUT4 * GROUP_IN4;

    vec4 sum[TILE_PIXELS], bias = vec4(0);
    if (BIAS) bias = imageLoad(Bias, Bias_offset + o4);
    [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) sum[m] = bias;

    for (int ky = 0; ky < KERNEL_H; ky++)
        for (int c = 0; c < GROUP_IN4; c++) {
            vec4 weight[KERNEL_W * 4];
            [[unroll]] for (int k = 0; k < KERNEL_W * 4; k++) {
                const int row = ((ky * KERNEL_W + k / 4) * GROUP_IN4 + c) * 4 + k % 4;
                weight[k] = imageLoad(Weights, Weights_offset + row * CO4 + o4);
            }
            [[unroll]] for (int r = 0; r < TILE_ROWS; r++) {
                const int iy = (first_row + r) * STRIDE - TOP + ky * DILATION;
                const int first = X_offset + ((n * HEIGHT + iy) * WIDTH + left) * CI4 + first_c4 + c;
                [[unroll]] for (int j = 0; j < IN_COLUMNS; j++) {
                    const bool inside =
                        iy >= 0 && iy < HEIGHT && left + j >= 0 && left + j < WIDTH;
                    const vec4 x = imageLoad(X, inside ? first + j * CI4 : 0);
                    [[unroll]] for (int kx = 0; kx < KERNEL_W; kx++) {
                        const int along = j - kx * DILATION, column = along / STRIDE;
                        if (along >= 0 && along % STRIDE == 0 && column < TILE_COLUMNS)
                            [[unroll]] for (int k = 0; k < 4; k++)
                                sum[r * TILE_COLUMNS + column] += x[k] * weight[kx * 4 + k];
                    }
                }
            }
        }
    [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
        const int row = first_row + m / TILE_COLUMNS, column = first_column + m % TILE_COLUMNS;
        if (row < OUT_HEIGHT && column < OUT_WIDTH)
            y[((n * OUT_HEIGHT + row) * OUT_WIDTH + column) * CO4 + o4] = sum[m];
    }
}
