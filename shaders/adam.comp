#version 450
// g = gradient + weight_decay * value;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
// value -= rate * (m * correction1) / (sqrt(v * correction2) + epsilon)
// Layout  VALUE, GRADIENT, FIRST, SECOND: the trained tensors of a set as vec4, gaps between them 0
//         (and so they stay); value, first, second: the same memory, to write; SCHEDULE: rows of
//         (rate, correction1, correction2).
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(push_constant) uniform Push {
    uint count;
    uint rows; // of the schedule
    float learning_rate_scale;
    float beta1, beta2;
    float one_less_beta1, one_less_beta2; // rounded once, from double
    float epsilon;
    float weight_decay;
    int VALUE_offset;
    int GRADIENT_offset;
    int FIRST_offset;
    int SECOND_offset;
    int SCHEDULE_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer VALUE;
layout(binding = 1, rgba32f) readonly uniform imageBuffer GRADIENT;
layout(binding = 2, rgba32f) readonly uniform imageBuffer FIRST;
layout(binding = 3, rgba32f) readonly uniform imageBuffer SECOND;
layout(binding = 4, rgba32f) readonly uniform imageBuffer SCHEDULE;
layout(binding = 5, std430) readonly buffer Counters { uvec4 counters; };
layout(binding = 6, std430) writeonly buffer Value { vec4 value[]; };
layout(binding = 7, std430) writeonly buffer First { vec4 first[]; };
layout(binding = 8, std430) writeonly buffer Second { vec4 second[]; };

void main()
{
    const uint row = min(counters.y, rows - 1);
    const vec4 schedule = imageLoad(SCHEDULE, SCHEDULE_offset + int(row));
    const float rate = learning_rate_scale * schedule.x;
    for (uint i = first_item(), n = 0; n < VECTORS && i < count; n++, i += WORKGROUP_SIZE) {
        const vec4 x = imageLoad(VALUE, VALUE_offset + int(i));
        const vec4 g = imageLoad(GRADIENT, GRADIENT_offset + int(i)) + weight_decay * x;
        const vec4 m = beta1 * imageLoad(FIRST, FIRST_offset + int(i)) + one_less_beta1 * g;
        const vec4 v = beta2 * imageLoad(SECOND, SECOND_offset + int(i)) + one_less_beta2 * g * g;
        first[i] = m;
        second[i] = v;
        value[i] = x - rate * (m * schedule.y) / (sqrt(v * schedule.z) + epsilon);
    }
}
