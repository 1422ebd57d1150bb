#version 450
// x_gradient = g / M * ((mean - running_mean) / norm_mean
//                       + 2 (variance - running_var) / norm_variance * (x - mean)),  M = N*H*W,
// g the loss's gradient; a norm of 0 gives no gradient
// Layout  X, x_gradient: [N,H,W,C4] as vec4; G a scalar; NORMS one vec4; the others [C4], padding 0.
// Work    one invocation: one vec4 of channels, several pixels (channels.glsl).
#extension GL_GOOGLE_include_directive : require
#include "channels.glsl"
layout(push_constant) uniform Push {
    uint pixels, vec4s, block, span, rows; // channels.glsl
    int G_offset;
    int X_offset;
    int MEAN_offset;
    int VARIANCE_offset;
    int RUNNING_MEAN_offset;
    int RUNNING_VAR_offset;
    int NORMS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, rgba32f) readonly uniform imageBuffer X;
layout(binding = 2, rgba32f) readonly uniform imageBuffer MEAN;
layout(binding = 3, rgba32f) readonly uniform imageBuffer VARIANCE;
layout(binding = 4, rgba32f) readonly uniform imageBuffer RUNNING_MEAN;
layout(binding = 5, rgba32f) readonly uniform imageBuffer RUNNING_VAR;
layout(binding = 6, rgba32f) readonly uniform imageBuffer NORMS;
layout(binding = 7, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    const Slice slice = slice_of_lane(pixels, vec4s, block, span, rows);
    const int c4 = int(slice.c4);
    const float g = imageLoad(G, G_offset).x / float(pixels);
    const vec2 norms = imageLoad(NORMS, NORMS_offset).xy;
    const float mean_factor = norms.x > 0 ? g / norms.x : 0;
    const float variance_factor = norms.y > 0 ? 2 * g / norms.y : 0;
    const vec4 mean = imageLoad(MEAN, MEAN_offset + c4);
    const vec4 offset = mean_factor * (mean - imageLoad(RUNNING_MEAN, RUNNING_MEAN_offset + c4));
    const vec4 slope = variance_factor * (imageLoad(VARIANCE, VARIANCE_offset + c4) -
                                          imageLoad(RUNNING_VAR, RUNNING_VAR_offset + c4));
    for (uint p = slice.first, i = slice.item; p < slice.end; p += rows, i += rows * vec4s)
        x_gradient[i] = offset + slope * (imageLoad(X, X_offset + int(i)) - mean);
}
