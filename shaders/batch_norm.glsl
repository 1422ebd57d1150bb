// What the backward kernels of batch norm share: they read x, not y, because they need x anyway, and
// so y need not live on. The activation's input is computed anew as in batch_norm_forward.comp.
#ifndef BATCH_NORM_GLSL
#define BATCH_NORM_GLSL
#include "relu.glsl"

struct Channel {
    vec4 mean, bias;
    vec4 inverse; // 1 / sqrt(variance + epsilon)
    vec4 scale;   // weight / sqrt(variance + epsilon)
};

// the gradient of the activation's input
vec4 through_activation(vec4 x, vec4 y_gradient, Channel channel, float negative_slope,
                        float ceiling)
{
    const vec4 v = (x - channel.mean) * channel.scale + channel.bias;
    return y_gradient * relu_slope(v, vec4(negative_slope), vec4(1), ceiling);
}

#endif
