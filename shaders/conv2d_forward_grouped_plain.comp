#version 450
// Y = X * Weights (+ Bias), in groups of any size: the definition.
// Work    one invocation: 4 output channels of one output pixel, perhaps of several groups.
#extension GL_GOOGLE_include_directive : require
#include "conv2d_grouped.glsl"
layout(local_size_x = 64) in;
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

void main()
{
    const int index = int(gl_GlobalInvocationID.x);
    const int o4 = index % CO4, ox = index / CO4 % OUT_WIDTH;
    const int oy = index / CO4 / OUT_WIDTH % OUT_HEIGHT, n = index / CO4 / OUT_WIDTH / OUT_HEIGHT;
    if (n >= images) return;
    int first[4]; // channel of X, of each output's group
    [[unroll]] for (int k = 0; k < 4; k++) first[k] = (4 * o4 + k) / GROUP_OUT * GROUP_IN;
    vec4 sum = vec4(0);
    if (BIAS) sum = imageLoad(Bias, Bias_offset + o4);
    for (int tap = 0; tap < KERNEL_H * KERNEL_W; tap++) {
        const int iy = oy * STRIDE + tap / KERNEL_W * DILATION - TOP;
        const int ix = ox * STRIDE + tap % KERNEL_W * DILATION - LEFT;
        if (iy < 0 || iy >= HEIGHT || ix < 0 || ix >= WIDTH) continue;
        const int pixel = ((n * HEIGHT + iy) * WIDTH + ix) * CI4;
        for (int i = 0; i < GROUP_IN; i++) {
            const vec4 weight =
                imageLoad(Weights, Weights_offset + (tap * 4 * GROUP_IN4 + i) * CO4 + o4);
            [[unroll]] for (int k = 0; k < 4; k++) {
                const int c = first[k] + i; // of a padding channel beside the image: no matter
                const vec4 x = imageLoad(X, c < CI ? X_offset + pixel + c / 4 : 0);
                sum[k] += x[c % 4] * weight[k];
            }
        }
    }
    y[index] = sum;
}
