#version 450
// Of every block of pixels and every channel, with g the gradient of the activation's input:
// sum of g (the bias's gradient) and of g * (x - mean) / sqrt(variance + epsilon) (the weight's)
// Layout  X, Y_GRADIENT: [N,H,W,C4] as vec4; sums: [block][bias, weight][C4]; the others [C4].
// Work    as batch_norm_statistics_blocks.comp.
#extension GL_GOOGLE_include_directive : require
#include "batch_norm.glsl"
#include "channels.glsl"
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
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Y_GRADIENT;
layout(binding = 2, rgba32f) readonly uniform imageBuffer MEAN;
layout(binding = 3, rgba32f) readonly uniform imageBuffer VARIANCE;
layout(binding = 4, rgba32f) readonly uniform imageBuffer WEIGHT;
layout(binding = 5, rgba32f) readonly uniform imageBuffer BIAS;
layout(binding = 6, std430) writeonly buffer Output { vec4 sums[]; };
shared vec4 bias_sums[WORKGROUP_SIZE];
shared vec4 weight_sums[WORKGROUP_SIZE];

void main()
{
    const uint lane = gl_LocalInvocationID.x;
    const Slice slice = slice_of_lane(pixels, vec4s, block, span, rows);
    const int c4 = int(slice.c4);
    Channel channel;
    channel.mean = imageLoad(MEAN, MEAN_offset + c4);
    channel.bias = imageLoad(BIAS, BIAS_offset + c4);
    channel.inverse = 1 / sqrt(imageLoad(VARIANCE, VARIANCE_offset + c4) + epsilon);
    channel.scale = imageLoad(WEIGHT, WEIGHT_offset + c4) * channel.inverse;
    vec4 bias_sum = vec4(0), weight_sum = vec4(0);
    for (uint p = slice.first, i = slice.item; p < slice.end; p += rows, i += rows * vec4s) {
        const vec4 x = imageLoad(X, X_offset + int(i));
        const vec4 g = through_activation(x, imageLoad(Y_GRADIENT, Y_GRADIENT_offset + int(i)),
                                          channel, negative_slope, ceiling);
        bias_sum += g;
        weight_sum += g * (x - channel.mean);
    }
    bias_sums[lane] = bias_sum;
    weight_sums[lane] = weight_sum;
    for (uint left = rows; left > 1;) {
        const uint half_ = (left + 1) / 2;
        barrier();
        if (slice.row < left - half_) {
            bias_sums[lane] += bias_sums[lane + half_ * span];
            weight_sums[lane] += weight_sums[lane + half_ * span];
        }
        left = half_;
    }
    if (slice.row == 0 && slice.end > 0) {
        const uint at = gl_WorkGroupID.x * 2 * vec4s + slice.c4;
        sums[at] = bias_sums[lane];
        sums[at + vec4s] = weight_sums[lane] * channel.inverse;
    }
}
