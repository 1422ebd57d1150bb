#version 450
// gradient = g * scale * mask * sign(a - b), or g * scale * mask * (a - b); g the loss's gradient
// Layout  A, B, gradient: [N,H,W,C4] as vec4, padding channels 0; MASK: a vec4 a sample, in .x; G: a
//         scalar.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const bool SQUARED = false;
layout(constant_id = 3) const bool MASKED = false; // else MASK may be anything
layout(push_constant) uniform Push {
    uint count;        // N*H*W*C4
    uint sample_vec4s; // H*W*C4
    float scale;       // (2 if squared) / (N*H*W*C), negative for the gradient of b
    int G_offset;
    int A_offset;
    int B_offset;
    int MASK_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, rgba32f) readonly uniform imageBuffer A;
layout(binding = 2, rgba32f) readonly uniform imageBuffer B;
layout(binding = 3, rgba32f) readonly uniform imageBuffer MASK;
layout(binding = 4, std430) writeonly buffer Output { vec4 gradient[]; };

void main()
{
    const float g = scale * imageLoad(G, G_offset).x;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const vec4 d = imageLoad(A, A_offset + int(i)) - imageLoad(B, B_offset + int(i));
        const vec4 direction = g * (SQUARED ? d : sign(d));
        if (MASKED)
            gradient[i] = direction * imageLoad(MASK, MASK_offset + int(i / sample_vec4s)).x;
        else
            gradient[i] = direction;
    }
}
