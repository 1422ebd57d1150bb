// The forward pass as a product of matrices, for the families `shared` and `cooperative`:
//   Y [pixel][co] = X under the taps [pixel][tap, ci] * Weights [tap, ci][co] (+ Bias)
// Before it DEPTH and TILE_VECTORS of the family are declared.
layout(constant_id = 9) const bool BIAS = false;
layout(push_constant) uniform Push { int images; };
layout(binding = 0, std430) readonly buffer Input { vec4 x[]; };
layout(binding = 1, std430) readonly buffer Weights { vec4 weight[]; };
layout(binding = 2, std430) readonly buffer Bias { vec4 bias[]; }; // any range where BIAS is false
layout(binding = 3, std430) writeonly buffer Output { vec4 y[]; };
const int CHANNELS = 4 * CI4; // read at a tap
const int USED = CI < 4 ? CI : 4; // of every 4: no multiplications by the padding of 1 to 3
const int RESULT_VECTORS = CO4;
#include "conv2d_gpu_slices.glsl"

int row_count() { return images * OUT_HEIGHT * OUT_WIDTH; }
int tap_count() { return KERNEL_H * KERNEL_W; }

// The pixel of x under tap (0, 0): line, column, and where it lies (perhaps beside the image).
void find_row(int row, out int top, out int side, out int corner)
{
    const int line = row / OUT_WIDTH;
    top = line % OUT_HEIGHT * STRIDE - TOP;
    side = row % OUT_WIDTH * STRIDE - LEFT;
    corner = ((line / OUT_HEIGHT * HEIGHT + top) * WIDTH + side) * CI4;
    if (row >= row_count()) top = -KERNEL_H; // no tap is inside
}

vec4 left_at(int top, int side, int corner, int tap, int channel)
{
    const int ky = tap / KERNEL_W, kx = tap % KERNEL_W;
    const uint iy = uint(top + ky), ix = uint(side + kx);
    vec4 value = vec4(0);
    if (iy < HEIGHT && ix < WIDTH && (WHOLE_SLICES || tap < tap_count()))
        value = x[corner + (ky * WIDTH + kx) * CI4 + channel / 4];
    return value;
}

vec4 right_at(int tap, int channel, int vector)
{
    vec4 value = vec4(0);
    if ((WHOLE_SLICES || tap < tap_count()) && (WHOLE_TILES || vector < CO4))
        value = weight[(tap * CHANNELS + channel) * CO4 + vector];
    return value;
}

void write_result(int row, int vector, vec4 value)
{
    if (row >= row_count() || !(WHOLE_TILES || vector < CO4)) return;
    if (BIAS) value += bias[vector];
    y[row * CO4 + vector] = value;
}
