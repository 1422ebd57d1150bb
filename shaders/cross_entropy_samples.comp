#version 450
// value_i = -sum_k q_ik log softmax(logits_i)_k,  q_ik = smoothing/K + (1 - smoothing if k = label_i);
// 0 for a label below 0
// Layout  LOGITS: [N][K4] as vec4; LABELS, value: a vec4 a sample, in .x.
// Work    one invocation: one sample.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in; // of rt_dispatch_samples
layout(push_constant) uniform Push {
    uint samples; // N
    uint vec4s;   // K4
    uint classes; // K
    float smoothing;
    int LOGITS_offset;
    int LABELS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer LOGITS;
layout(binding = 1, rgba32f) readonly uniform imageBuffer LABELS;
layout(binding = 2, std430) writeonly buffer Output { vec4 value[]; };
#include "logits.glsl"
DEFINE_SOFTMAX(softmax_of_logits, LOGITS)

void main()
{
    const uint sample_ = gl_GlobalInvocationID.x;
    if (sample_ >= samples) return;
    const int first = LOGITS_offset + int(sample_ * vec4s);
    const int label = int(imageLoad(LABELS, LABELS_offset + int(sample_)).x);
    const Softmax s = softmax_of_logits(first, vec4s, classes, 1);
    float wanted = 0, all = 0; // of the logits less the largest
    for (uint c = 0; c < vec4s; c++) {
        const vec4 logit = imageLoad(LOGITS, first + int(c)) - s.shift;
        const ivec4 k = int(4 * c) + ivec4(0, 1, 2, 3);
        wanted += sum_of(mix(vec4(0), logit, equal(k, ivec4(label))));
        all += sum_of(mix(vec4(0), logit, is_real(c, classes)));
    }
    const float loss = log(s.sum) - (1 - smoothing) * wanted - smoothing / float(classes) * all;
    value[sample_] = vec4(label >= 0 ? loss : 0, 0, 0, 0);
}
