#version 450
// logits_gradient = g / N * (softmax(logits) * sum_k target_k - target), g the loss's gradient
// Layout  LOGITS, TARGET, logits_gradient: [N][K4] as vec4, padding of TARGET 0; G: a scalar.
// Work    one invocation: one sample.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in; // of rt_dispatch_samples
layout(push_constant) uniform Push {
    uint samples; // N
    uint vec4s;   // K4
    uint classes; // K
    int G_offset;
    int LOGITS_offset;
    int TARGET_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, rgba32f) readonly uniform imageBuffer LOGITS;
layout(binding = 2, rgba32f) readonly uniform imageBuffer TARGET;
layout(binding = 3, std430) writeonly buffer Output { vec4 logits_gradient[]; };
#include "logits.glsl"
DEFINE_SOFTMAX(softmax_of_logits, LOGITS)

void main()
{
    const uint sample_ = gl_GlobalInvocationID.x;
    if (sample_ >= samples) return;
    const uint at = sample_ * vec4s;
    const int first = LOGITS_offset + int(at), first_target = TARGET_offset + int(at);
    const float g = imageLoad(G, G_offset).x / float(samples);
    const Softmax s = softmax_of_logits(first, vec4s, classes, 1);
    float total = 0;
    for (uint c = 0; c < vec4s; c++) total += sum_of(imageLoad(TARGET, first_target + int(c)));
    for (uint c = 0; c < vec4s; c++) {
        const vec4 p = exp(imageLoad(LOGITS, first + int(c)) - s.shift) * s.inverse;
        const vec4 gradient = g * (p * total - imageLoad(TARGET, first_target + int(c)));
        logits_gradient[at + c] = mix(vec4(0), gradient, is_real(c, classes));
    }
}
