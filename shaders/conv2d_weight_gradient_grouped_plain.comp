#version 450
// dWeights(tap, i, o) = sum over pixels of X(pixel under the tap, i of o's group) * dY(pixel, o), in
// groups of any size: the definition.
// Work    one invocation: 4 output channels of one row and tap, over the lines of one part. The
//         parts are added up in a fixed order. Rows of padding channels come out 0.
#extension GL_GOOGLE_include_directive : require
#include "conv2d_grouped.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
    int images;
    int parts;
    int X_offset;
    int DY_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer DY;
layout(binding = 2, std430) writeonly buffer Partial { vec4 partial[]; };

const int TAPS = KERNEL_H * KERNEL_W;

void main()
{
    const int index = int(gl_GlobalInvocationID.x), rows = 4 * GROUP_IN4;
    const int o4 = index % CO4, i = index / CO4 % rows, tap = index / CO4 / rows % TAPS;
    const int part = index / CO4 / rows / TAPS;
    if (part >= parts) return;
    const int lines = images * OUT_HEIGHT, lines_a_part = (lines + parts - 1) / parts;
    vec4 sum = vec4(0);
    for (int line = part * lines_a_part; line < min((part + 1) * lines_a_part, lines); line++) {
        const int iy = line % OUT_HEIGHT * STRIDE + tap / KERNEL_W * DILATION - TOP;
        if (i >= GROUP_IN || iy < 0 || iy >= HEIGHT) continue;
        for (int ox = 0; ox < OUT_WIDTH; ox++) {
            const int ix = ox * STRIDE + tap % KERNEL_W * DILATION - LEFT;
            if (ix < 0 || ix >= WIDTH) continue;
            const int pixel = ((line / OUT_HEIGHT * HEIGHT + iy) * WIDTH + ix) * CI4;
            const vec4 dy = imageLoad(DY, DY_offset + (line * OUT_WIDTH + ox) * CO4 + o4);
            [[unroll]] for (int k = 0; k < 4; k++) {
                const int c = (4 * o4 + k) / GROUP_OUT * GROUP_IN + i;
                const vec4 x = imageLoad(X, c < CI ? X_offset + pixel + c / 4 : 0);
                sum[k] += x[c % 4] * dy[k];
            }
        }
    }
    partial[index] = sum;
}
