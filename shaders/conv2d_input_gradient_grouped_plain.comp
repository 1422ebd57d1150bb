#version 450
// dX = dY * turned Weights (+ Addend), in groups of any size: the definition.
// Work    one invocation: 4 input channels of one input pixel, perhaps of several groups.
#extension GL_GOOGLE_include_directive : require
#include "conv2d_grouped.glsl"
layout(local_size_x = 64) in;
layout(constant_id = 6) const bool ADD = false;
layout(push_constant) uniform Push {
    int images;
    int DY_offset;
    int Weights_offset;
    int Addend_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer DY;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Weights;
layout(binding = 2, rgba32f) readonly uniform imageBuffer Addend; // any range without ADD
layout(binding = 3, std430) writeonly buffer InputGradient { vec4 dx[]; };

void main()
{
    const int index = int(gl_GlobalInvocationID.x);
    const int c4 = index % CI4, ix = index / CI4 % WIDTH;
    const int iy = index / CI4 / WIDTH % HEIGHT, n = index / CI4 / WIDTH / HEIGHT;
    if (n >= images) return;
    vec4 sum = vec4(0);
    if (ADD) sum = imageLoad(Addend, Addend_offset + index);
    for (int tap = 0; tap < KERNEL_H * KERNEL_W; tap++) {
        const int down = iy + TOP - tap / KERNEL_W * DILATION;
        const int along = ix + LEFT - tap % KERNEL_W * DILATION;
        if (down < 0 || along < 0 || down % STRIDE != 0 || along % STRIDE != 0) continue;
        const int oy = down / STRIDE, ox = along / STRIDE;
        if (oy >= OUT_HEIGHT || ox >= OUT_WIDTH) continue;
        const int pixel = ((n * OUT_HEIGHT + oy) * OUT_WIDTH + ox) * CO4;
        [[unroll]] for (int k = 0; k < 4; k++) {
            const int c = 4 * c4 + k, first = c / GROUP_IN * GROUP_OUT;
            const int row = (tap * 4 * GROUP_IN4 + c % GROUP_IN) * CO4;
            if (c >= CI) continue;
            for (int o = first; o < first + GROUP_OUT; o++)
                sum[k] += imageLoad(DY, DY_offset + pixel + o / 4)[o % 4] *
                          imageLoad(Weights, Weights_offset + row + o / 4)[o % 4];
        }
    }
    dx[index] = sum;
}
