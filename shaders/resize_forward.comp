#version 450
// y[n,h,w] = the rows low and high of tap h, mixed, of the columns low and high of tap w, mixed
// Layout  X: [N,H,W,C4], ROWS: [OUTPUT_H], COLUMNS: [OUTPUT_W], y: [N,OUTPUT_H,OUTPUT_W,C4] as vec4.
//         Padding channels are 0 and stay 0.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "resize.glsl"
layout(push_constant) uniform Push {
    uint count; // N*OUTPUT_H*OUTPUT_W*C4
    int X_offset;
    int ROWS_offset;
    int COLUMNS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer ROWS;
layout(binding = 2, rgba32f) readonly uniform imageBuffer COLUMNS;
layout(binding = 3, std430) writeonly buffer Output { vec4 y[]; };

vec4 load(uint row, float column, uint c4)
{
    return imageLoad(X, X_offset + int((row * W + uint(column)) * C4 + c4));
}

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint c4 = i % C4;
        const uint row = i / C4 / OUTPUT_W; // n * OUTPUT_H + the row of y
        const uint image = row / OUTPUT_H * H;
        const vec4 h = imageLoad(ROWS, ROWS_offset + int(row % OUTPUT_H));
        const vec4 w = imageLoad(COLUMNS, COLUMNS_offset + int(i / C4 % OUTPUT_W));
        const uint low = image + uint(h.x), high = image + uint(h.y);
        const vec4 upper = (1 - w.z) * load(low, w.x, c4) + w.z * load(low, w.y, c4);
        const vec4 lower = (1 - w.z) * load(high, w.x, c4) + w.z * load(high, w.y, c4);
        y[i] = (1 - h.z) * upper + h.z * lower;
    }
}
