#version 450
// dX = dY * Transposed, gathered: the tap (ky, kx) brings dY(oy, ox) to X(y, x) where
// y + TOP - ky = oy * STRIDE and x + LEFT - kx = ox * STRIDE; other taps do not meet that pixel.
// Stored as conv2d_gradient_epilogue.glsl says.
// Work    a group of lanes: 4 * GROUP_LANES input channels of a tile of X. At stride 2 all rows of
//         a tile are of one parity, so that they share their kernel rows; columns are of both, and
//         which taps meet a column is known when the loops are unrolled. No multiplication by 0.
// Groups  x: input channels; y: tiles, parity by parity. TILE_COLUMNS: a multiple of STRIDE.
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
#include "conv2d_shuffle.glsl"
layout(push_constant) uniform Push {
    int images;
    float epsilon, negative_slope, ceiling;
    int DY_offset;
    int Transposed_offset;
    int Addend_offset;
    int Made_offset;
    int Variance_offset;
    int Scale_offset;
    int Behind_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer DY;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Transposed;
// any range where they are not used
layout(binding = 2, rgba32f) readonly uniform imageBuffer Addend;
layout(binding = 3, rgba32f) readonly uniform imageBuffer Made; // X
layout(binding = 4, rgba32f) readonly uniform imageBuffer Variance;
layout(binding = 5, rgba32f) readonly uniform imageBuffer Scale;
layout(binding = 6, rgba32f) readonly uniform imageBuffer Behind;
layout(binding = 7, std430) writeonly buffer Output { vec4 dx[]; };
#include "conv2d_gradient_epilogue.glsl"

const int ROWS = (HEIGHT + STRIDE - 1) / STRIDE; // of one parity in an image, perhaps one too many
const int COLUMN_TILES = (WIDTH + TILE_COLUMNS - 1) / TILE_COLUMNS;
const int AWAY = 8 * STRIDE; // keeps what is divided or taken modulo STRIDE above 0
const int FIRST_COLUMN = (LEFT - KERNEL_W + 1 + AWAY) / STRIDE - AWAY / STRIDE; // leftmost ox
const int IN_COLUMNS = (TILE_COLUMNS - 1 + LEFT) / STRIDE - FIRST_COLUMN + 1;
const int PIXEL_FETCHES = (TILE_ROWS * IN_COLUMNS + GROUP_LANES - 1) / GROUP_LANES;
const int COMPONENTS = CO < 4 ? CO : 4;
const int WEIGHTS = KERNEL_W * COMPONENTS;
const int WEIGHT_FETCHES = (WEIGHTS + GROUPS - 1) / GROUPS;

void main()
{
    const int rows = images * ROWS;
    const int row_tiles = (rows + TILE_ROWS - 1) / TILE_ROWS;
    // Groups share the loop over kernel rows: a parity's tiles fill whole subgroups.
    const int parity_tiles = (row_tiles * COLUMN_TILES + GROUPS - 1) / GROUPS;
    const int parity = int(gl_WorkGroupID.y) / parity_tiles;
    const int tile_of_parity = (int(gl_WorkGroupID.y) % parity_tiles) * GROUPS + group();
    const int first_row = tile_of_parity / COLUMN_TILES * TILE_ROWS;
    const int first_column = tile_of_parity % COLUMN_TILES * TILE_COLUMNS;
    const int c4 = int(gl_WorkGroupID.x) * GROUP_LANES + lane_in_group();
    const bool real = c4 < CI4;
    const int first_ky = (parity + TOP) % STRIDE;

    int pixel_y[PIXEL_FETCHES], pixel_index[PIXEL_FETCHES]; // through kernel row first_ky
    [[unroll]] for (int f = 0; f < PIXEL_FETCHES; f++) {
        const int at = f * GROUP_LANES + lane_in_group();
        const int row = first_row + at / IN_COLUMNS;
        const int ox = first_column / STRIDE + FIRST_COLUMN + at % IN_COLUMNS;
        const int oy = row % ROWS + (parity + TOP - first_ky) / STRIDE;
        const bool inside =
            at < TILE_ROWS * IN_COLUMNS && row < rows && ox >= 0 && ox < OUT_WIDTH;
        pixel_y[f] = inside ? oy : -1;
        pixel_index[f] = DY_offset + ((row / ROWS * OUT_HEIGHT + oy) * OUT_WIDTH + ox) * CO4;
    }
    int weight_index[WEIGHT_FETCHES];
    [[unroll]] for (int f = 0; f < WEIGHT_FETCHES; f++) {
        const int k = f * GROUPS + group();
        weight_index[f] = (k / COMPONENTS * CO4 * 4 + k % COMPONENTS) * CI4 + c4;
    }
    vec4 sum[TILE_PIXELS];
    [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) sum[m] = vec4(0);

    int up = 0; // rows of Y above that of kernel row first_ky
    for (int ky = first_ky; ky < KERNEL_H; ky += STRIDE) {
        for (int o = 0; o < CO4; o++) {
            vec4 pixel[PIXEL_FETCHES];
            [[unroll]] for (int f = 0; f < PIXEL_FETCHES; f++) {
                const int oy = pixel_y[f] - up;
                const bool inside = oy >= 0 && oy < OUT_HEIGHT;
                pixel[f] = imageLoad(DY, inside ? pixel_index[f] - up * OUT_WIDTH * CO4 + o : 0);
            }
            const int first_weight = Transposed_offset + (ky * KERNEL_W * CO4 + o) * 4 * CI4;
            vec4 fetched[WEIGHT_FETCHES], weight[WEIGHTS];
            [[unroll]] for (int f = 0; f < WEIGHT_FETCHES; f++)
                fetched[f] = imageLoad(Transposed, real ? first_weight + weight_index[f] : 0);
            [[unroll]] for (int k = 0; k < WEIGHTS; k++)
                weight[k] = from_group(fetched[k / GROUPS], k % GROUPS);

            if (STRIDE == 1) {
                [[unroll]] for (int m = 0; m < TILE_PIXELS; m += BLOCK)
                    [[unroll]] for (int k = 0; k < WEIGHTS; k++) {
                        float a[BLOCK];
                        [[unroll]] for (int p = 0; p < BLOCK; p++) {
                            const int column = (m + p) % TILE_COLUMNS + LEFT - k / COMPONENTS;
                            const int at = (m + p) / TILE_COLUMNS * IN_COLUMNS + column - FIRST_COLUMN;
                            a[p] = from_lane(pixel[at / GROUP_LANES][k % COMPONENTS], at % GROUP_LANES);
                        }
                        [[unroll]] for (int c = 0; c < 4; c++)
                            [[unroll]] for (int p = 0; p < BLOCK; p++)
                                sum[m + p][c] += a[p] * weight[k][c];
                    }
            } else {
                [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
                    vec4 s = sum[m];
                    [[unroll]] for (int k = 0; k < WEIGHTS; k++) {
                        const int along = m % TILE_COLUMNS + LEFT - k / COMPONENTS + AWAY;
                        if (along % STRIDE == 0) {
                            const int at = m / TILE_COLUMNS * IN_COLUMNS + along / STRIDE -
                                           AWAY / STRIDE - FIRST_COLUMN;
                            const float a = pixel[at / GROUP_LANES][k % COMPONENTS];
                            s += from_lane(a, at % GROUP_LANES) * weight[k];
                        }
                    }
                    sum[m] = s;
                }
            }
        }
        up++;
    }
    const vec4 above = slope_of(real ? c4 : 0);
    [[unroll]] for (int m = 0; m < TILE_PIXELS; m++) {
        const int row = first_row + m / TILE_COLUMNS, x = first_column + m % TILE_COLUMNS;
        const int y = row % ROWS * STRIDE + parity;
        if (row < rows && y < HEIGHT && x < WIDTH && real)
            store(((row / ROWS * HEIGHT + y) * WIDTH + x) * CI4 + c4, sum[m], above);
    }
}
