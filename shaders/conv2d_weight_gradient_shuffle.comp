#version 450
// dWeights(tap, ci, co) = sum over pixels of X(pixel under the tap, ci) * dY(pixel, co)
// Work    a group of lanes: 4 * GROUP_LANES output channels x 4 * BLOCKS input channels x TAP_ROWS
//         kernel rows, summed over every GROUPS-th tile of its split; at the end the groups' sums
//         are added by shuffles. A tile's rows of X are fetched once and used by all taps that meet
//         them.
// Groups  x: output channels, y: kernel rows and input channels, z: splits of the pixels, written
//         to partial [splits][weights] for column_sum to add in a fixed order.
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
#include "conv2d_shuffle.glsl"
layout(constant_id = 4) const int BLOCKS = 4;
layout(constant_id = 5) const int TAP_ROWS = 1;
layout(push_constant) uniform Push {
    int images;
    int X_offset;
    int DY_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer DY;
layout(binding = 2, std430) writeonly buffer Output { vec4 partial[]; };

const int COLUMN_TILES = (OUT_WIDTH + TILE_COLUMNS - 1) / TILE_COLUMNS;
const int IN_COLUMNS = (TILE_COLUMNS - 1) * STRIDE + KERNEL_W;
const int IN_PIXELS = TILE_ROWS * TAP_ROWS * IN_COLUMNS;
const int PIXEL_FETCHES = (IN_PIXELS + GROUP_LANES - 1) / GROUP_LANES;
const int COMPONENTS = CI < 4 ? CI : 4;
const int TAPS = TAP_ROWS * KERNEL_W;
const int CI_BLOCKS = (CI4 + BLOCKS - 1) / BLOCKS;

void main()
{
    const int rows = images * OUT_HEIGHT;
    const int tiles = (rows + TILE_ROWS - 1) / TILE_ROWS * COLUMN_TILES;
    const int splits = int(gl_NumWorkGroups.z), split = int(gl_WorkGroupID.z);
    const int steps = (tiles + splits * GROUPS - 1) / (splits * GROUPS);
    const int o4 = int(gl_WorkGroupID.x) * GROUP_LANES + lane_in_group();
    const bool real = o4 < CO4;
    const int first_c4 = int(gl_WorkGroupID.y) % CI_BLOCKS * BLOCKS;
    const int first_ky = int(gl_WorkGroupID.y) / CI_BLOCKS * TAP_ROWS;

    vec4 sum[BLOCKS * TAPS * COMPONENTS];
    [[unroll]] for (int s = 0; s < BLOCKS * TAPS * COMPONENTS; s++) sum[s] = vec4(0);

    for (int step = 0; step < steps; step++) {
        const int tile = (split * steps + step) * GROUPS + group();
        const int first_row = tile / COLUMN_TILES * TILE_ROWS;
        const int first_column = tile % COLUMN_TILES * TILE_COLUMNS;
        vec4 pixel[BLOCKS * PIXEL_FETCHES], dy[TILE_PIXELS];
        [[unroll]] for (int f = 0; f < PIXEL_FETCHES; f++) {
            const int at = f * GROUP_LANES + lane_in_group();
            const int row = first_row + at / (TAP_ROWS * IN_COLUMNS);
            const int ky = first_ky + at / IN_COLUMNS % TAP_ROWS;
            const int y = row % OUT_HEIGHT * STRIDE + ky - TOP;
            const int x = first_column * STRIDE + at % IN_COLUMNS - LEFT;
            const bool inside = at < IN_PIXELS && row < rows && y >= 0 && y < HEIGHT && x >= 0 &&
                                x < WIDTH;
            const int index = ((row / OUT_HEIGHT * HEIGHT + y) * WIDTH + x) * CI4 + first_c4;
            [[unroll]] for (int b = 0; b < BLOCKS; b++)
                pixel[b * PIXEL_FETCHES + f] =
                    imageLoad(X, inside && first_c4 + b < CI4 ? X_offset + index + b : 0);
        }
        [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
            const int row = first_row + m / TILE_COLUMNS;
            const int column = first_column + m % TILE_COLUMNS;
            const bool inside = row < rows && column < OUT_WIDTH && real;
            dy[m] = imageLoad(DY, inside ? DY_offset + (row * OUT_WIDTH + column) * CO4 + o4 : 0);
        }
        [[unroll]] for (int bt = 0; bt < BLOCKS * TAPS; bt++) {
            const int block = bt / TAPS, tap = bt % TAPS;
            [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
                const int row = m / TILE_COLUMNS * TAP_ROWS + tap / KERNEL_W;
                const int at = row * IN_COLUMNS + m % TILE_COLUMNS * STRIDE + tap % KERNEL_W;
                float a[4];
                [[unroll]] for (int c = 0; c < COMPONENTS; c++)
                    a[c] = from_lane(pixel[block * PIXEL_FETCHES + at / GROUP_LANES][c],
                                     at % GROUP_LANES);
                [[unroll]] for (int o = 0; o < 4; o++)
                    [[unroll]] for (int c = 0; c < COMPONENTS; c++)
                        sum[bt * COMPONENTS + c][o] += a[c] * dy[m][o];
            }
        }
    }
    const bool writes = group() == 0 && real;
    [[unroll]] for (int i = 0; i < BLOCKS * TAPS * 4; i++) {
        const int block = i / (TAPS * 4), tap = i / 4 % TAPS, component = i % 4;
        vec4 s = vec4(0); // rows of padding channels
        if (component < COMPONENTS) s = sum[(block * TAPS + tap) * COMPONENTS + component];
        // Counted by ones: a loop that doubles its counter would not be unrolled by every driver.
        [[unroll]] for (int bit = 0; bit < 6; bit++)
            if (GROUP_LANES << bit < LANES)
                s += subgroupShuffle(s, uint(lane() ^ (GROUP_LANES << bit)));
        const int ky = first_ky + tap / KERNEL_W, c4 = first_c4 + block;
        const int row = ((ky * KERNEL_W + tap % KERNEL_W) * CI4 + c4) * 4 + component;
        if (writes && ky < KERNEL_H && c4 < CI4)
            partial[(split * KERNEL_H * KERNEL_W * CI4 * 4 + row) * CO4 + o4] = s;
    }
}
