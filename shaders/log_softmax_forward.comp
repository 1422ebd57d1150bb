#version 450
// y = logits - log(sum of exp(logits))
// Layout  LOGITS, y: [N][K4] as vec4, padding of y 0.
// Work    one invocation: one sample.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in; // of rt_dispatch_samples
layout(push_constant) uniform Push {
    uint samples; // N
    uint vec4s;   // K4
    uint classes; // K
    int LOGITS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer LOGITS;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };
#include "logits.glsl"
DEFINE_SOFTMAX(softmax_of_logits, LOGITS)

void main()
{
    const uint sample_ = gl_GlobalInvocationID.x;
    if (sample_ >= samples) return;
    const uint at = sample_ * vec4s;
    const int first = LOGITS_offset + int(at);
    const Softmax s = softmax_of_logits(first, vec4s, classes, 1);
    const float log_sum = log(s.sum);
    for (uint c = 0; c < vec4s; c++)
        y[at + c] = mix(vec4(0), imageLoad(LOGITS, first + int(c)) - s.shift - log_sum,
                        is_real(c, classes));
}
