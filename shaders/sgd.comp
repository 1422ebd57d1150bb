#version 450
// g = gradient + weight_decay * value;  moment = momentum * moment + g
// value -= rate * (nesterov ? g + momentum * moment : moment)
// Layout  VALUE, GRADIENT, MOMENT: the trained tensors of a set as vec4, gaps between them 0 (and so
//         they stay); value, moment: the same memory, to write; SCHEDULE: rows, .x the learning rate.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(push_constant) uniform Push {
    uint count;
    uint rows; // of the schedule
    float learning_rate_scale;
    float momentum;
    float weight_decay;
    uint nesterov;
    int VALUE_offset;
    int GRADIENT_offset;
    int MOMENT_offset;
    int SCHEDULE_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer VALUE;
layout(binding = 1, rgba32f) readonly uniform imageBuffer GRADIENT;
layout(binding = 2, rgba32f) readonly uniform imageBuffer MOMENT;
layout(binding = 3, rgba32f) readonly uniform imageBuffer SCHEDULE;
layout(binding = 4, std430) readonly buffer Counters { uvec4 counters; };
layout(binding = 5, std430) writeonly buffer Value { vec4 value[]; };
layout(binding = 6, std430) writeonly buffer Moment { vec4 moment[]; };

void main()
{
    const uint row = min(counters.y, rows - 1);
    const float rate = learning_rate_scale * imageLoad(SCHEDULE, SCHEDULE_offset + int(row)).x;
    const float of_g = nesterov != 0 ? 1 : 0;
    const float of_moment = nesterov != 0 ? momentum : 1;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const vec4 x = imageLoad(VALUE, VALUE_offset + int(i));
        const vec4 g = imageLoad(GRADIENT, GRADIENT_offset + int(i)) + weight_decay * x;
        const vec4 m = momentum * imageLoad(MOMENT, MOMENT_offset + int(i)) + g;
        moment[i] = m;
        value[i] = x - rate * (of_g * g + of_moment * m);
    }
}
