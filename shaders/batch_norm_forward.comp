#version 450
// y = relu(v) (relu.glsl);  v = (x - mean) * weight / sqrt(variance + epsilon) + bias (+ ADDEND).
// No activation is a slope of 1: no variant of the kernel to compile.
// Layout  X, y: [N,H,W,C4] as vec4; the others [C4]. Padding: weight and bias are 0 there, so y is.
// Work    one invocation: one vec4 of channels, several pixels (channels.glsl).
#extension GL_GOOGLE_include_directive : require
#include "channels.glsl"
#include "relu.glsl"
layout(constant_id = 2) const bool ADD = false;
layout(push_constant) uniform Push {
    uint pixels, vec4s, block, span, rows; // channels.glsl
    float epsilon;
    float negative_slope, ceiling;
    int X_offset;
    int MEAN_offset;
    int VARIANCE_offset;
    int WEIGHT_offset;
    int BIAS_offset;
    int ADDEND_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer MEAN;
layout(binding = 2, rgba32f) readonly uniform imageBuffer VARIANCE;
layout(binding = 3, rgba32f) readonly uniform imageBuffer WEIGHT;
layout(binding = 4, rgba32f) readonly uniform imageBuffer BIAS;
layout(binding = 5, rgba32f) readonly uniform imageBuffer ADDEND; // any tensor without ADD
layout(binding = 6, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    const Slice slice = slice_of_lane(pixels, vec4s, block, span, rows);
    const int c4 = int(slice.c4);
    const vec4 mean = imageLoad(MEAN, MEAN_offset + c4);
    const vec4 bias = imageLoad(BIAS, BIAS_offset + c4);
    const vec4 scale = imageLoad(WEIGHT, WEIGHT_offset + c4) /
                       sqrt(imageLoad(VARIANCE, VARIANCE_offset + c4) + epsilon);
    for (uint p = slice.first, i = slice.item; p < slice.end; p += rows, i += rows * vec4s) {
        vec4 v = (imageLoad(X, X_offset + int(i)) - mean) * scale + bias;
        if (ADD) v += imageLoad(ADDEND, ADDEND_offset + int(i));
        y[i] = relu(v, negative_slope, ceiling);
    }
}
