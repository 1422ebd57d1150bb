#version 450
// dX = dY * Transposed (+ Addend): every tap that took a pixel brings its gradient back. The definition.
// Work    one invocation: 4 input channels of one input pixel.
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
layout(local_size_x = 64) in;
layout(constant_id = 4) const bool ADD = false;
layout(constant_id = 5) const int DILATION = 1;
layout(push_constant) uniform Push { int images; };
layout(binding = 0, std430) readonly buffer OutputGradient { vec4 dy[]; };
layout(binding = 1, std430) readonly buffer Transposed { vec4 weight[]; };
layout(binding = 2, std430) readonly buffer Addend { vec4 addend[]; }; // any range without ADD
layout(binding = 3, std430) writeonly buffer InputGradient { vec4 dx[]; };

void main()
{
    const int index = int(gl_GlobalInvocationID.x);
    const int c4 = index % CI4, ix = index / CI4 % WIDTH;
    const int iy = index / CI4 / WIDTH % HEIGHT, n = index / CI4 / WIDTH / HEIGHT;
    if (n >= images) return;
    vec4 sum = vec4(0);
    if (ADD) sum = addend[index];
    for (int ky = 0; ky < KERNEL_H; ky++)
        for (int kx = 0; kx < KERNEL_W; kx++) {
            const int down = iy + TOP - ky * DILATION, along = ix + LEFT - kx * DILATION;
            if (down < 0 || along < 0 || down % STRIDE != 0 || along % STRIDE != 0) continue;
            const int oy = down / STRIDE, ox = along / STRIDE;
            if (oy >= OUT_HEIGHT || ox >= OUT_WIDTH) continue;
            const int pixel = ((n * OUT_HEIGHT + oy) * OUT_WIDTH + ox) * CO4;
            const int tap = (ky * KERNEL_W + kx) * 4 * CO4;
            for (int o = 0; o < CO; o++)
                sum += dy[pixel + o / 4][o % 4] * weight[(tap + o) * CI4 + c4];
        }
    dx[index] = sum;
}
