#version 450
// x_gradient[n,h,w] = sum over the rows and columns of y that have a part of (h, w), row by row, of
//     that part of g; g = y's gradient
// Layout  G: [N,OUTPUT_H,OUTPUT_W,C4], x_gradient: [N,H,W,C4] as vec4; ROWS, COLUMNS: taps, as in
//         resize_forward.comp; ROWS_BACK: [H], COLUMNS_BACK: [W] of (first, end). Padding stays 0.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "resize.glsl"
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int G_offset;
    int ROWS_offset;
    int COLUMNS_offset;
    int ROWS_BACK_offset;
    int COLUMNS_BACK_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, rgba32f) readonly uniform imageBuffer ROWS;
layout(binding = 2, rgba32f) readonly uniform imageBuffer COLUMNS;
layout(binding = 3, rgba32f) readonly uniform imageBuffer ROWS_BACK;
layout(binding = 4, rgba32f) readonly uniform imageBuffer COLUMNS_BACK;
layout(binding = 5, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint c4 = i % C4;
        const uint w = i / C4 % W;
        const uint h = i / C4 / W % H;
        const uint image = i / (C4 * W * H) * OUTPUT_H;
        const vec4 rows = imageLoad(ROWS_BACK, ROWS_BACK_offset + int(h));
        const vec4 columns = imageLoad(COLUMNS_BACK, COLUMNS_BACK_offset + int(w));
        vec4 sum = vec4(0);
        for (uint row = uint(rows.x); row < uint(rows.y); row++) {
            const float of_row = part_of(imageLoad(ROWS, ROWS_offset + int(row)), h);
            for (uint column = uint(columns.x); column < uint(columns.y); column++) {
                const vec4 tap = imageLoad(COLUMNS, COLUMNS_offset + int(column));
                const uint at = ((image + row) * OUTPUT_W + column) * C4 + c4;
                sum += of_row * part_of(tap, w) * imageLoad(G, G_offset + int(at));
            }
        }
        x_gradient[i] = sum;
    }
}
