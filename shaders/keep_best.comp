#version 450
// best = candidate if loss < best_loss
// Layout  LOSS, BEST_LOSS: scalars; CANDIDATE, best: [N,H,W,C4] as vec4.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(push_constant) uniform Push {
    uint count; // N*H*W*C4
    int LOSS_offset;
    int BEST_LOSS_offset;
    int CANDIDATE_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer LOSS;
layout(binding = 1, rgba32f) readonly uniform imageBuffer BEST_LOSS;
layout(binding = 2, rgba32f) readonly uniform imageBuffer CANDIDATE;
layout(binding = 3, std430) writeonly buffer Best { vec4 best[]; };

void main()
{
    const float loss = imageLoad(LOSS, LOSS_offset).x;
    if (!(loss < imageLoad(BEST_LOSS, BEST_LOSS_offset).x)) return;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE)
        best[i] = imageLoad(CANDIDATE, CANDIDATE_offset + int(i));
}
