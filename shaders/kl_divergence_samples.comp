#version 450
// value_i = mask_i KL(p || q),  p = softmax(teacher_i / T), q = softmax(student_i / T)
// Layout  TEACHER, STUDENT: [N][K4] as vec4; MASK, value: a vec4 a sample, in .x.
// Work    one invocation: one sample.
// KL = sum p d - log(sum exp(teacher/T)) + log(sum exp(student/T)),  d = (teacher - student) / T
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in; // of rt_dispatch_samples
layout(push_constant) uniform Push {
    uint samples; // N
    uint vec4s;   // K4
    uint classes; // K
    uint masked;  // whether there is a mask; else MASK may be anything
    float inverse_temperature;
    int TEACHER_offset;
    int STUDENT_offset;
    int MASK_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer TEACHER;
layout(binding = 1, rgba32f) readonly uniform imageBuffer STUDENT;
layout(binding = 2, rgba32f) readonly uniform imageBuffer MASK;
layout(binding = 3, std430) writeonly buffer Output { vec4 value[]; };
#include "logits.glsl"
DEFINE_SOFTMAX(softmax_of_teacher, TEACHER)
DEFINE_SOFTMAX(softmax_of_student, STUDENT)

void main()
{
    const uint sample_ = gl_GlobalInvocationID.x;
    if (sample_ >= samples) return;
    const int first_teacher = TEACHER_offset + int(sample_ * vec4s);
    const int first_student = STUDENT_offset + int(sample_ * vec4s);
    const Softmax p = softmax_of_teacher(first_teacher, vec4s, classes, inverse_temperature);
    const Softmax q = softmax_of_student(first_student, vec4s, classes, inverse_temperature);
    float difference = 0; // sum of p d, both rows less their largest
    for (uint c = 0; c < vec4s; c++) {
        const vec4 t = inverse_temperature * imageLoad(TEACHER, first_teacher + int(c)) - p.shift;
        const vec4 s = inverse_temperature * imageLoad(STUDENT, first_student + int(c)) - q.shift;
        difference += sum_of(mix(vec4(0), exp(t) * p.inverse * (t - s), is_real(c, classes)));
    }
    const float kl = difference + log(q.sum * p.inverse);
    const float mask = masked != 0 ? imageLoad(MASK, MASK_offset + int(sample_)).x : 1;
    value[sample_] = vec4(mask * kl, 0, 0, 0);
}
