#version 450
// label_i = the k with the largest logits_ik, the lowest of equals
// Layout  LOGITS: [N][K4] as vec4; label: a vec4 a sample, in .x.
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
layout(binding = 1, std430) writeonly buffer Output { vec4 label[]; };
#include "logits.glsl"

void take(float logit, uint k, inout float largest, inout uint best)
{
    const bool larger = logit > largest;
    best = larger ? k : best;
    largest = larger ? logit : largest; // not max(): it may return a NaN
}

void main()
{
    const uint sample_ = gl_GlobalInvocationID.x;
    if (sample_ >= samples) return;
    float largest = LOWEST;
    uint best = 0;
    for (uint c = 0; c < vec4s; c++) {
        const vec4 logit = mix(vec4(LOWEST), imageLoad(LOGITS, LOGITS_offset + int(sample_ * vec4s + c)),
                               is_real(c, classes));
        // Written out: an index into a vec4 in a loop is slow on CPU drivers. A NaN is never larger.
        take(logit.x, 4 * c, largest, best);
        take(logit.y, 4 * c + 1, largest, best);
        take(logit.z, 4 * c + 2, largest, best);
        take(logit.w, 4 * c + 3, largest, best);
    }
    label[sample_] = vec4(float(best), 0, 0, 0);
}
