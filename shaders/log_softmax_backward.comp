#version 450
// logits_gradient = y_gradient - exp(y) * sum_k y_gradient_k
// Layout  Y, Y_GRADIENT, logits_gradient: [N][K4] as vec4. Padding is written as 0: exp(0) is not.
// Work    one invocation: one sample.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in; // of rt_dispatch_samples
layout(push_constant) uniform Push {
    uint samples; // N
    uint vec4s;   // K4
    uint classes; // K
    int Y_offset;
    int Y_GRADIENT_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer Y;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Y_GRADIENT;
layout(binding = 2, std430) writeonly buffer Output { vec4 logits_gradient[]; };
#include "logits.glsl"

void main()
{
    const uint sample_ = gl_GlobalInvocationID.x;
    if (sample_ >= samples) return;
    const uint at = sample_ * vec4s;
    const int first = Y_offset + int(at), first_gradient = Y_GRADIENT_offset + int(at);
    float sum = 0;
    for (uint c = 0; c < vec4s; c++) sum += sum_of(imageLoad(Y_GRADIENT, first_gradient + int(c)));
    for (uint c = 0; c < vec4s; c++)
        logits_gradient[at + c] = mix(vec4(0),
                                      imageLoad(Y_GRADIENT, first_gradient + int(c)) -
                                          exp(imageLoad(Y, first + int(c))) * sum,
                                      is_real(c, classes));
}
