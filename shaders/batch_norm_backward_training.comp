#version 450
// x_gradient = weight / sqrt(variance + epsilon) * (g - bias_gradient / M - n * weight_gradient / M),
// g the gradient of the activation's input, n = (x - mean) / sqrt(variance + epsilon), M = N*H*W: the
// batch's own mean and variance depend on x too
// Layout  X, Y_GRADIENT, x_gradient: [N,H,W,C4] as vec4; the others [C4]. Padding: the weight is 0.
// Work    one invocation: one vec4 of channels, several pixels (channels.glsl).
#extension GL_GOOGLE_include_directive : require
#include "batch_norm.glsl"
#include "channels.glsl"
layout(constant_id = 2) const bool ADD = false;
layout(push_constant) uniform Push {
    uint pixels, vec4s, block, span, rows; // channels.glsl
    float epsilon;
    float negative_slope, ceiling;
    int X_offset;
    int Y_GRADIENT_offset;
    int MEAN_offset;
    int VARIANCE_offset;
    int WEIGHT_offset;
    int BIAS_offset;
    int WEIGHT_GRADIENT_offset;
    int BIAS_GRADIENT_offset;
    int ADDEND_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Y_GRADIENT;
layout(binding = 2, rgba32f) readonly uniform imageBuffer MEAN;
layout(binding = 3, rgba32f) readonly uniform imageBuffer VARIANCE;
layout(binding = 4, rgba32f) readonly uniform imageBuffer WEIGHT;
layout(binding = 5, rgba32f) readonly uniform imageBuffer BIAS;
layout(binding = 6, rgba32f) readonly uniform imageBuffer WEIGHT_GRADIENT;
layout(binding = 7, rgba32f) readonly uniform imageBuffer BIAS_GRADIENT;
layout(binding = 8, rgba32f) readonly uniform imageBuffer ADDEND; // any tensor without ADD
layout(binding = 9, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    const Slice slice = slice_of_lane(pixels, vec4s, block, span, rows);
    const int c4 = int(slice.c4);
    Channel channel;
    channel.mean = imageLoad(MEAN, MEAN_offset + c4);
    channel.bias = imageLoad(BIAS, BIAS_offset + c4);
    channel.inverse = 1 / sqrt(imageLoad(VARIANCE, VARIANCE_offset + c4) + epsilon);
    channel.scale = imageLoad(WEIGHT, WEIGHT_offset + c4) * channel.inverse;
    const vec4 g_mean = imageLoad(BIAS_GRADIENT, BIAS_GRADIENT_offset + c4) / float(pixels);
    const vec4 slope = imageLoad(WEIGHT_GRADIENT, WEIGHT_GRADIENT_offset + c4) * channel.inverse /
                       float(pixels);
    for (uint p = slice.first, i = slice.item; p < slice.end; p += rows, i += rows * vec4s) {
        const vec4 x = imageLoad(X, X_offset + int(i));
        const vec4 g = through_activation(x, imageLoad(Y_GRADIENT, Y_GRADIENT_offset + int(i)),
                                          channel, negative_slope, ceiling);
        const vec4 addend = ADD ? imageLoad(ADDEND, ADDEND_offset + int(i)) : vec4(0);
        x_gradient[i] = addend + channel.scale * (g - g_mean - slope * (x - channel.mean));
    }
}
