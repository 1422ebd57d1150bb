#version 450
// value_i = -sum_k target_ik log softmax(logits_i)_k
// Layout  LOGITS, TARGET: [N][K4] as vec4, padding of TARGET 0; value: a vec4 a sample, in .x.
// Work    one invocation: one sample.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in; // of rt_dispatch_samples
layout(push_constant) uniform Push {
    uint samples; // N
    uint vec4s;   // K4
    uint classes; // K
    int LOGITS_offset;
    int TARGET_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer LOGITS;
layout(binding = 1, rgba32f) readonly uniform imageBuffer TARGET;
layout(binding = 2, std430) writeonly buffer Output { vec4 value[]; };
#include "logits.glsl"
DEFINE_SOFTMAX(softmax_of_logits, LOGITS)

void main()
{
    const uint sample_ = gl_GlobalInvocationID.x;
    if (sample_ >= samples) return;
    const int first = LOGITS_offset + int(sample_ * vec4s);
    const int first_target = TARGET_offset + int(sample_ * vec4s);
    const Softmax s = softmax_of_logits(first, vec4s, classes, 1);
    const float log_sum = log(s.sum); // not + shift: a large one would take its digits
    float sum = 0;
    for (uint c = 0; c < vec4s; c++)
        sum += dot(imageLoad(TARGET, first_target + int(c)),
                   log_sum - (imageLoad(LOGITS, first + int(c)) - s.shift));
    value[sample_] = vec4(sum, 0, 0, 0);
}
