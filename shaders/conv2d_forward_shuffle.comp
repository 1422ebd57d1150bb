#version 450
// Y = X * Weights (+ Bias), convolution by gathering, for drivers that run subgroups as vectors; stored
// as conv2d_forward_epilogue.glsl says.
// Work    a group of lanes: 4 * GROUP_LANES output channels of a tile of output pixels. Per kernel
//         row and 4 input channels it fetches the pixels under the tile once, uses each for all
//         taps that meet it (KERNEL_W of them at stride 1), and KERNEL_W * 4 rows of weights.
// Groups  x: output channels, so that neighbours read the same pixels; y: tiles.
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
#include "conv2d_shuffle.glsl"
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

const int COLUMN_TILES = (OUT_WIDTH + TILE_COLUMNS - 1) / TILE_COLUMNS;
const int IN_COLUMNS = (TILE_COLUMNS - 1) * STRIDE + KERNEL_W;
const int PIXEL_FETCHES = (TILE_ROWS * IN_COLUMNS + GROUP_LANES - 1) / GROUP_LANES;
const int COMPONENTS = CI < 4 ? CI : 4; // no multiplications by the padding of 1 to 3 channels
const int WEIGHTS = KERNEL_W * COMPONENTS;
const int WEIGHT_FETCHES = (WEIGHTS + GROUPS - 1) / GROUPS; // a group fetches every GROUPS-th

void main()
{
    const int tile = int(gl_WorkGroupID.y) * GROUPS + group();
    const int first_row = tile / COLUMN_TILES * TILE_ROWS;
    const int first_column = tile % COLUMN_TILES * TILE_COLUMNS;
    const int rows = images * OUT_HEIGHT;
    const int o4 = int(gl_WorkGroupID.x) * GROUP_LANES + lane_in_group();
    const bool real = o4 < CO4;

    int pixel_y[PIXEL_FETCHES], pixel_index[PIXEL_FETCHES]; // under kernel row 0
    [[unroll]] for (int f = 0; f < PIXEL_FETCHES; f++) {
        const int at = f * GROUP_LANES + lane_in_group();
        const int row = first_row + at / IN_COLUMNS;
        const int x = first_column * STRIDE + at % IN_COLUMNS - LEFT;
        const int y_index = row % OUT_HEIGHT * STRIDE - TOP;
        const bool inside =
            at < TILE_ROWS * IN_COLUMNS && row < rows && x >= 0 && x < WIDTH;
        pixel_y[f] = inside ? y_index : -KERNEL_H;
        pixel_index[f] = X_offset + ((row / OUT_HEIGHT * HEIGHT + y_index) * WIDTH + x) * CI4;
    }
    int weight_index[WEIGHT_FETCHES];
    [[unroll]] for (int f = 0; f < WEIGHT_FETCHES; f++) {
        const int k = f * GROUPS + group();
        weight_index[f] = (k / COMPONENTS * CI4 * 4 + k % COMPONENTS) * CO4 + o4;
    }
    vec4 bias = vec4(0);
    if (BIAS) bias = imageLoad(Bias, real ? Bias_offset + o4 : 0);
    vec4 sum[TILE_PIXELS];
    [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) sum[m] = bias;

    for (int ky = 0; ky < KERNEL_H; ky++)
        for (int c = 0; c < CI4; c++) {
            vec4 pixel[PIXEL_FETCHES];
            [[unroll]] for (int f = 0; f < PIXEL_FETCHES; f++) {
                const int yk = pixel_y[f] + ky;
                const bool inside = yk >= 0 && yk < HEIGHT;
                pixel[f] = imageLoad(X, inside ? pixel_index[f] + ky * WIDTH * CI4 + c : 0);
            }
            const int first_weight = Weights_offset + (ky * KERNEL_W * CI4 + c) * 4 * CO4;
            vec4 fetched[WEIGHT_FETCHES], weight[WEIGHTS];
            [[unroll]] for (int f = 0; f < WEIGHT_FETCHES; f++)
                fetched[f] = imageLoad(Weights, real ? first_weight + weight_index[f] : 0);
            [[unroll]] for (int k = 0; k < WEIGHTS; k++)
                weight[k] = from_group(fetched[k / GROUPS], k % GROUPS);

            [[unroll]] for (int m = 0; m < TILE_PIXELS; m += BLOCK)
                [[unroll]] for (int k = 0; k < WEIGHTS; k++) {
                    float a[BLOCK];
                    [[unroll]] for (int p = 0; p < BLOCK; p++) {
                        const int row = (m + p) / TILE_COLUMNS, column = (m + p) % TILE_COLUMNS;
                        const int at = row * IN_COLUMNS + column * STRIDE + k / COMPONENTS;
                        a[p] = from_lane(pixel[at / GROUP_LANES][k % COMPONENTS], at % GROUP_LANES);
                    }
                    [[unroll]] for (int o = 0; o < 4; o++)
                        [[unroll]] for (int p = 0; p < BLOCK; p++)
                            sum[m + p][o] += a[p] * weight[k][o];
                }
        }
    const Norm norm = norm_of(real ? o4 : 0);
    [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
        const int row = first_row + m / TILE_COLUMNS, column = first_column + m % TILE_COLUMNS;
        if (row < rows && column < OUT_WIDTH && real)
            store((row * OUT_WIDTH + column) * CO4 + o4, sum[m], norm);
    }
}
