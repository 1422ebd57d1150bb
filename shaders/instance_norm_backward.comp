#version 450
// x_gradient = weight * inverse * (g - sum_g / PIXELS - d * inverse^2 * sum_products / PIXELS);
//     d = x - mean, g = y's gradient, the sums of g and of g * d over the image
// Layout  X, G, x_gradient: [N,PIXELS,C4] as vec4; MEAN, INVERSE, SUM_G, SUM_PRODUCTS: [N,C4]; WEIGHT:
//         [C4]. Padding channels of weight are 0, and so are those of the gradient.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint PIXELS = 1; // H*W
layout(push_constant) uniform Push {
    uint count; // N*PIXELS*C4
    int X_offset;
    int G_offset;
    int MEAN_offset;
    int INVERSE_offset;
    int WEIGHT_offset;
    int SUM_G_offset;
    int SUM_PRODUCTS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer G;
layout(binding = 2, rgba32f) readonly uniform imageBuffer MEAN;
layout(binding = 3, rgba32f) readonly uniform imageBuffer INVERSE;
layout(binding = 4, rgba32f) readonly uniform imageBuffer WEIGHT;
layout(binding = 5, rgba32f) readonly uniform imageBuffer SUM_G;
layout(binding = 6, rgba32f) readonly uniform imageBuffer SUM_PRODUCTS;
layout(binding = 7, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const int c4 = int(i % C4);
        const int image = int(i / (PIXELS * C4) * C4) + c4;
        const vec4 d = imageLoad(X, X_offset + int(i)) - imageLoad(MEAN, MEAN_offset + image);
        const vec4 inverse = imageLoad(INVERSE, INVERSE_offset + image);
        const vec4 sums = imageLoad(SUM_G, SUM_G_offset + image) +
                          d * inverse * inverse *
                              imageLoad(SUM_PRODUCTS, SUM_PRODUCTS_offset + image);
        const vec4 scale = inverse * imageLoad(WEIGHT, WEIGHT_offset + c4);
        x_gradient[i] = scale * (imageLoad(G, G_offset + int(i)) - sums / float(PIXELS));
    }
}
