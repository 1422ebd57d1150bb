#version 450
// Y = X * Weights (+ Bias) for at most 4 output channels, 3x3 with padding 1 and stride 1. The
// gradient of an input of at most 4 channels is the same with turned taps (TURNED), X being the
// gradient of the output and Weights the transposed copy.
// Few channels leave conv2d_forward_shuffle's groups without lanes to share pixels with. Here the
// lanes of a group lie side by side on an image's row, COLUMNS results each, ROWS rows deep: a pixel
// is fetched once for all taps, and the columns beside a lane's own come from its neighbours.
// Groups  x: tiles of ROWS rows of as many images as a subgroup has groups.
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LANES = 16;
layout(constant_id = 1) const int GROUP_LANES = 16; // power of two; GROUP_LANES * COLUMNS >= WIDTH
layout(constant_id = 2) const int COLUMNS = 2;
layout(constant_id = 3) const int ROWS = 8;
layout(constant_id = 4) const bool BIAS = false;
layout(constant_id = 5) const bool TURNED = false;
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

const int GROUPS = LANES / GROUP_LANES;
const int ROW_TILES = (HEIGHT + ROWS - 1) / ROWS;
const int IN_ROWS = ROWS + 2;
const int WIDE = COLUMNS + 2; // a lane's columns and one of each neighbour
const int TAPS = 9;
const int WEIGHTS = 4 * TAPS; // of 4 input channels: a vec4 of outputs each
const int WEIGHT_FETCHES = (WEIGHTS + LANES - 1) / LANES;
const int OUTPUTS = CO < 4 ? CO : 4;

int lane() { return int(gl_SubgroupInvocationID); }
int lane_in_group() { return lane() % GROUP_LANES; }

// What the lane `step` to the right holds; 0 beyond the group.
float beside(float value, int step)
{
    const int to = lane_in_group() + step;
    const int inside = (to + GROUP_LANES) % GROUP_LANES;
    const float moved = subgroupShuffle(value, uint(lane() - lane_in_group() + inside));
    return to == inside ? moved : 0.0;
}

void main()
{
    const int tile = int(gl_WorkGroupID.x);
    const int image = tile / ROW_TILES * GROUPS + lane() / GROUP_LANES;
    const int first_row = tile % ROW_TILES * ROWS, first_column = lane_in_group() * COLUMNS;

    int pixel_index[IN_ROWS * COLUMNS];
    [[unroll]] for (int i = 0; i < IN_ROWS * COLUMNS; i++) {
        const int row = first_row + i / COLUMNS - 1, column = first_column + i % COLUMNS;
        const bool inside = image < images && row >= 0 && row < HEIGHT && column < WIDTH;
        // Far below 0 otherwise, so that it stays there when channels are added.
        pixel_index[i] =
            inside ? X_offset + ((image * HEIGHT + row) * WIDTH + column) * CI4 : -0x40000000;
    }
    vec4 bias = vec4(0);
    if (BIAS) bias = imageLoad(Bias, Bias_offset);
    float sum[OUTPUTS * ROWS * COLUMNS];
    [[unroll]] for (int o = 0; o < OUTPUTS; o++)
        [[unroll]] for (int m = 0; m < ROWS * COLUMNS; m++) sum[o * ROWS * COLUMNS + m] = bias[o];

    for (int c4 = 0; c4 < CI4; c4++) {
        vec4 pixel[IN_ROWS * COLUMNS], fetched[WEIGHT_FETCHES];
        [[unroll]] for (int i = 0; i < IN_ROWS * COLUMNS; i++)
            pixel[i] = imageLoad(X, max(pixel_index[i] + c4, 0));
        [[unroll]] for (int f = 0; f < WEIGHT_FETCHES; f++) {
            const int k = f * LANES + lane(); // [tap][input channel]
            const int index = (k / 4 * CI4 + c4) * 4 + k % 4;
            fetched[f] = imageLoad(Weights, k < WEIGHTS ? Weights_offset + index : 0);
        }
        [[unroll]] for (int c = 0; c < 4; c++) {
            float at[IN_ROWS * WIDE];
            [[unroll]] for (int r = 0; r < IN_ROWS; r++) {
                [[unroll]] for (int h = 0; h < COLUMNS; h++)
                    at[r * WIDE + h + 1] = pixel[r * COLUMNS + h][c];
                at[r * WIDE] = beside(at[r * WIDE + COLUMNS], -1);
                at[r * WIDE + COLUMNS + 1] = beside(at[r * WIDE + 1], 1);
            }
            [[unroll]] for (int o = 0; o < OUTPUTS; o++)
                [[unroll]] for (int tap = 0; tap < TAPS; tap++) {
                    const int k = (TURNED ? TAPS - 1 - tap : tap) * 4 + c;
                    const float weight = subgroupShuffle(fetched[k / LANES][o], uint(k % LANES));
                    [[unroll]] for (int m = 0; m < ROWS * COLUMNS; m++) {
                        const int row = m / COLUMNS + tap / 3, column = m % COLUMNS + tap % 3;
                        sum[o * ROWS * COLUMNS + m] += weight * at[row * WIDE + column];
                    }
                }
        }
    }
    [[unroll]] for (int m = 0; m < ROWS * COLUMNS; m++) {
        const int row = first_row + m / COLUMNS, column = first_column + m % COLUMNS;
        vec4 value = vec4(0);
        [[unroll]] for (int o = 0; o < OUTPUTS; o++) value[o] = sum[o * ROWS * COLUMNS + m];
        if (image < images && row < HEIGHT && column < WIDTH)
            y[(image * HEIGHT + row) * WIDTH + column] = value;
    }
}
