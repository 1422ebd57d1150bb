#version 450
// dWeights(tap, ci, co) = sum over pixels of X(pixel under the tap, ci) * dY(pixel, co), the
// definition. Rows of padding input channels come out 0, because X is 0 there.
// Work    one invocation: 4 output channels of one input channel and tap.
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
layout(local_size_x = 64) in;
layout(constant_id = 5) const int DILATION = 1;
layout(push_constant) uniform Push { int images; };
layout(binding = 0, std430) readonly buffer Input { vec4 x[]; };
layout(binding = 1, std430) readonly buffer OutputGradient { vec4 dy[]; };
layout(binding = 2, std430) writeonly buffer WeightGradient { vec4 dw[]; };

void main()
{
    const int index = int(gl_GlobalInvocationID.x);
    const int o4 = index % CO4, c = index / CO4 % (4 * CI4), tap = index / CO4 / (4 * CI4);
    if (tap >= KERNEL_H * KERNEL_W) return;
    const int ky = tap / KERNEL_W, kx = tap % KERNEL_W;
    vec4 sum = vec4(0);
    for (int n = 0; n < images; n++)
        for (int oy = 0; oy < OUT_HEIGHT; oy++) {
            const int iy = oy * STRIDE + ky * DILATION - TOP;
            if (iy < 0 || iy >= HEIGHT) continue;
            for (int ox = 0; ox < OUT_WIDTH; ox++) {
                const int ix = ox * STRIDE + kx * DILATION - LEFT;
                if (ix < 0 || ix >= WIDTH) continue;
                sum += x[((n * HEIGHT + iy) * WIDTH + ix) * CI4 + c / 4][c % 4] *
                       dy[((n * OUT_HEIGHT + oy) * OUT_WIDTH + ox) * CO4 + o4];
            }
        }
    dw[index] = sum;
}
