#version 450
// total(o) = f(factor * sum of partial(part, o) over the parts); f: rt_broadcast_finish
// Layout  PARTIAL: [parts][count], D, total: [count] as vec4. SCALAR: the sum over channels, too, in .x
//         and 0 elsewhere. Padding is 0 in PARTIAL, and written as 0.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const bool SCALAR = false;
layout(constant_id = 3) const uint FINISH = 0;
layout(constant_id = 4) const uint CHANNELS = 4; // of the total; 4: padding needs no care
layout(push_constant) uniform Push {
    uint count;
    uint parts;
    float factor;
    float epsilon;
    int PARTIAL_offset;
    int D_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer PARTIAL;
layout(binding = 1, rgba32f) readonly uniform imageBuffer D; // any tensor unless SQUARE_DIVISION
layout(binding = 2, std430) writeonly buffer Output { vec4 total[]; };

const uint PLAIN = 0, SQUARE_DIVISION = 1, INVERSE_ROOT = 2; // as the enum

void main()
{
    const uint C4 = (CHANNELS + 3) / 4;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        vec4 sum = vec4(0);
        for (uint part = 0; part < parts; part++)
            sum += imageLoad(PARTIAL, PARTIAL_offset + int(part * count + i));
        if (SCALAR) sum = vec4((sum.x + sum.y) + (sum.z + sum.w), 0, 0, 0);
        sum *= factor;
        if (FINISH == SQUARE_DIVISION) {
            const vec4 d = imageLoad(D, D_offset + int(i));
            sum /= d * d;
        }
        if (FINISH == INVERSE_ROOT) sum = 1 / sqrt(sum + epsilon);
        total[i] = CHANNELS % 4 == 0 ? sum : only_real_channels(sum, i % C4, CHANNELS);
    }
}
