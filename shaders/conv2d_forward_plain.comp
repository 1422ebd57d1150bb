#version 450
// Y = X * Weights (+ Bias): the definition. The judge of the faster kernels.
// Work    one invocation: 4 output channels of one output pixel.
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
layout(local_size_x = 64) in;
layout(constant_id = 4) const bool BIAS = false;
layout(constant_id = 5) const int DILATION = 1;
layout(push_constant) uniform Push { int images; };
layout(binding = 0, std430) readonly buffer Input { vec4 x[]; };
layout(binding = 1, std430) readonly buffer Weights { vec4 weight[]; };
layout(binding = 2, std430) readonly buffer Bias { vec4 bias[]; }; // any range where BIAS is false
layout(binding = 3, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    const int index = int(gl_GlobalInvocationID.x);
    const int o4 = index % CO4, ox = index / CO4 % OUT_WIDTH;
    const int oy = index / CO4 / OUT_WIDTH % OUT_HEIGHT, n = index / CO4 / OUT_WIDTH / OUT_HEIGHT;
    if (n >= images) return;
    vec4 sum = vec4(0);
    if (BIAS) sum = bias[o4];
    for (int ky = 0; ky < KERNEL_H; ky++)
        for (int kx = 0; kx < KERNEL_W; kx++) {
            const int iy = oy * STRIDE + ky * DILATION - TOP, ix = ox * STRIDE + kx * DILATION - LEFT;
            if (iy < 0 || iy >= HEIGHT || ix < 0 || ix >= WIDTH) continue;
            const int pixel = ((n * HEIGHT + iy) * WIDTH + ix) * CI4;
            const int tap = (ky * KERNEL_W + kx) * 4 * CI4;
            for (int c = 0; c < CI; c++)
                sum += x[pixel + c / 4][c % 4] * weight[(tap + c) * CO4 + o4];
        }
    y[index] = sum;
}
