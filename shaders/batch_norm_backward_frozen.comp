#version 450
// x_gradient = y_gradient * activation' * weight / sqrt(variance + epsilon) (+ ADDEND): fixed
// statistics
// Layout  Y, Y_GRADIENT, x_gradient: [N,H,W,C4] as vec4; the others [C4]. Padding: the weight is 0.
// Work    one invocation: one vec4 of channels, several pixels (channels.glsl).
// Reads y, not x: for a slope >= 0, y > 0 exactly where the activation's input is.
#extension GL_GOOGLE_include_directive : require
#include "channels.glsl"
#include "relu.glsl"
layout(constant_id = 2) const bool ADD = false;
layout(push_constant) uniform Push {
    uint pixels, vec4s, block, span, rows; // channels.glsl
    float epsilon;
    float negative_slope; // 1 without a ceiling: no activation, then Y is not asked
    float ceiling;
    int Y_offset;
    int Y_GRADIENT_offset;
    int VARIANCE_offset;
    int WEIGHT_offset;
    int ADDEND_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer Y;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Y_GRADIENT;
layout(binding = 2, rgba32f) readonly uniform imageBuffer VARIANCE;
layout(binding = 3, rgba32f) readonly uniform imageBuffer WEIGHT;
layout(binding = 4, rgba32f) readonly uniform imageBuffer ADDEND; // any tensor without ADD
layout(binding = 5, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    const Slice slice = slice_of_lane(pixels, vec4s, block, span, rows);
    const int c4 = int(slice.c4);
    const vec4 above = imageLoad(WEIGHT, WEIGHT_offset + c4) /
                       sqrt(imageLoad(VARIANCE, VARIANCE_offset + c4) + epsilon);
    const vec4 below = negative_slope * above;
    for (uint p = slice.first, i = slice.item; p < slice.end; p += rows, i += rows * vec4s) {
        const vec4 y = imageLoad(Y, Y_offset + int(i));
        const vec4 g = relu_slope(y, below, above, ceiling) *
                       imageLoad(Y_GRADIENT, Y_GRADIENT_offset + int(i));
        x_gradient[i] = g + (ADD ? imageLoad(ADDEND, ADDEND_offset + int(i)) : vec4(0));
    }
}
