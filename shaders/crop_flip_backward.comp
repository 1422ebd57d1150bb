#version 450
// x_gradient[n, h, w] = sum over the views v, in order, of g at the one pixel of image v N + n that
//     was taken from (h, w), if there is one; g = y's gradient
// Layout  as crop_flip_forward.comp; G: [N*views,H,W,C4] as vec4. Padding channels stay 0.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint H = 1;
layout(constant_id = 4) const uint W = 1;
layout(constant_id = 5) const uint IMAGES = 1; // N
layout(constant_id = 6) const uint PADDING = 0;
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    uint views;
    int DRAWS_offset;
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer DRAWS;
layout(binding = 1, rgba32f) readonly uniform imageBuffer G;
layout(binding = 2, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const uint pixel = i / C4;
        vec4 sum = vec4(0);
        for (uint view = 0; view < views; view++) {
            const uint image = view * IMAGES + pixel / (H * W);
            const vec4 draw = imageLoad(DRAWS, DRAWS_offset + int(image));
            const int row = int(pixel / W % H) - int(draw.y) + int(PADDING);
            const int column = int(pixel % W) - int(draw.x) + int(PADDING);
            const int w = draw.z != 0 ? int(W) - 1 - column : column;
            const bool valid = row >= 0 && row < int(H) && column >= 0 && column < int(W);
            const int at = ((int(image * H) + row) * int(W) + w) * int(C4) + int(i % C4);
            sum += imageLoad(G, valid ? G_offset + at : 0);
        }
        x_gradient[i] = sum;
    }
}
