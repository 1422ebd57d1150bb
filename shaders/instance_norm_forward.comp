#version 450
// y = (x - mean) * inverse * weight + bias; inverse = 1 / sqrt(variance + epsilon)
// Layout  X, y: [N,PIXELS,C4] as vec4; MEAN, INVERSE: [N,C4]; WEIGHT, BIAS: [C4]. Padding channels of
//         weight and bias are 0, and so are those of y.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint PIXELS = 1; // H*W
layout(push_constant) uniform Push {
    uint count; // N*PIXELS*C4
    int X_offset;
    int MEAN_offset;
    int INVERSE_offset;
    int WEIGHT_offset;
    int BIAS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer MEAN;
layout(binding = 2, rgba32f) readonly uniform imageBuffer INVERSE;
layout(binding = 3, rgba32f) readonly uniform imageBuffer WEIGHT;
layout(binding = 4, rgba32f) readonly uniform imageBuffer BIAS;
layout(binding = 5, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const int c4 = int(i % C4);
        const int image = int(i / (PIXELS * C4) * C4) + c4;
        const vec4 d = imageLoad(X, X_offset + int(i)) - imageLoad(MEAN, MEAN_offset + image);
        const vec4 scale =
            imageLoad(INVERSE, INVERSE_offset + image) * imageLoad(WEIGHT, WEIGHT_offset + c4);
        y[i] = d * scale + imageLoad(BIAS, BIAS_offset + c4);
    }
}
