#version 450
// logits_gradient = g / N * (softmax(logits) - q), q as in cross_entropy_samples.comp, g the loss's
// gradient; 0 for a label below 0
// Layout  LOGITS, logits_gradient: [N][K4] as vec4; LABELS: a vec4 a sample, in .x; G: a scalar.
// Work    one invocation: one sample.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in; // of rt_dispatch_samples
layout(push_constant) uniform Push {
    uint samples; // N
    uint vec4s;   // K4
    uint classes; // K
    float smoothing;
    int G_offset;
    int LOGITS_offset;
    int LABELS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, rgba32f) readonly uniform imageBuffer LOGITS;
layout(binding = 2, rgba32f) readonly uniform imageBuffer LABELS;
layout(binding = 3, std430) writeonly buffer Output { vec4 logits_gradient[]; };
#include "logits.glsl"
DEFINE_SOFTMAX(softmax_of_logits, LOGITS)

void main()
{
    const uint sample_ = gl_GlobalInvocationID.x;
    if (sample_ >= samples) return;
    const uint at = sample_ * vec4s;
    const int first = LOGITS_offset + int(at);
    const int label = int(imageLoad(LABELS, LABELS_offset + int(sample_)).x);
    const float g = label >= 0 ? imageLoad(G, G_offset).x / float(samples) : 0;
    const Softmax s = softmax_of_logits(first, vec4s, classes, 1);
    for (uint c = 0; c < vec4s; c++) {
        const vec4 p = exp(imageLoad(LOGITS, first + int(c)) - s.shift) * s.inverse;
        const ivec4 k = int(4 * c) + ivec4(0, 1, 2, 3);
        const vec4 q = smoothing / float(classes) +
                       (1 - smoothing) * vec4(equal(k, ivec4(label)));
        logits_gradient[at + c] = mix(vec4(0), g * (p - q), is_real(c, classes));
    }
}
