#version 450
// y[v N + n, h, w] = x[n, h + dy - PADDING, w' + dx - PADDING], 0 outside the image; w' = flip ?
//     W - 1 - w : w
// Layout  DRAWS: [N*views] of (dx, dy, flip), X: [N,H,W,C4], y: [N*views,H,W,C4] as vec4. Padding
//         channels stay 0.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint H = 1;
layout(constant_id = 4) const uint W = 1;
layout(constant_id = 5) const uint IMAGES = 1; // N
layout(constant_id = 6) const uint PADDING = 0;
layout(push_constant) uniform Push {
    uint count; // N*views*H*W*C4
    int DRAWS_offset;
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer DRAWS;
layout(binding = 1, rgba32f) readonly uniform imageBuffer X;
layout(binding = 2, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint pixel = i / C4;
        const uint image = pixel / (H * W);
        const int w = int(pixel % W);
        const vec4 draw = imageLoad(DRAWS, DRAWS_offset + int(image));
        const int row = int(pixel / W % H) + int(draw.y) - int(PADDING);
        const int column = (draw.z != 0 ? int(W) - 1 - w : w) + int(draw.x) - int(PADDING);
        const bool valid = row >= 0 && row < int(H) && column >= 0 && column < int(W);
        const int at = ((int(image % IMAGES * H) + row) * int(W) + column) * int(C4) + int(i % C4);
        y[i] = imageLoad(X, valid ? X_offset + at : 0);
    }
}
