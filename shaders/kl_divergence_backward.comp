#version 450
// The gradient of one side, with p and q the teacher's and the student's softmax at temperature T:
//   student: g mask_i T/N (q - p)
//   teacher: g mask_i T/N p (d - sum p d),  d = (teacher - student) / T
// log p - log q - KL of the formula in the header is d - sum p d: no logarithm, nothing cancels.
// Layout  TEACHER, STUDENT, gradient: [N][K4] as vec4; MASK: a vec4 a sample, in .x; G: a scalar.
// Work    one invocation: one sample.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in; // of rt_dispatch_samples
layout(push_constant) uniform Push {
    uint samples;      // N
    uint vec4s;        // K4
    uint classes;      // K
    uint masked;       // whether there is a mask; else MASK may be anything
    uint teacher_side; // else the student's
    float inverse_temperature;
    int G_offset;
    int TEACHER_offset;
    int STUDENT_offset;
    int MASK_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, rgba32f) readonly uniform imageBuffer TEACHER;
layout(binding = 2, rgba32f) readonly uniform imageBuffer STUDENT;
layout(binding = 3, rgba32f) readonly uniform imageBuffer MASK;
layout(binding = 4, std430) writeonly buffer Output { vec4 gradient[]; };
#include "logits.glsl"
DEFINE_SOFTMAX(softmax_of_teacher, TEACHER)
DEFINE_SOFTMAX(softmax_of_student, STUDENT)

void main()
{
    const uint sample_ = gl_GlobalInvocationID.x;
    if (sample_ >= samples) return;
    const uint at = sample_ * vec4s;
    const int first_teacher = TEACHER_offset + int(at), first_student = STUDENT_offset + int(at);
    const float mask = masked != 0 ? imageLoad(MASK, MASK_offset + int(sample_)).x : 1;
    const float g = imageLoad(G, G_offset).x * mask / (inverse_temperature * float(samples));
    const Softmax p = softmax_of_teacher(first_teacher, vec4s, classes, inverse_temperature);
    const Softmax q = softmax_of_student(first_student, vec4s, classes, inverse_temperature);
    float mean = 0; // sum of p d, both rows less their largest
    if (teacher_side != 0)
        for (uint c = 0; c < vec4s; c++) {
            const vec4 t =
                inverse_temperature * imageLoad(TEACHER, first_teacher + int(c)) - p.shift;
            const vec4 s =
                inverse_temperature * imageLoad(STUDENT, first_student + int(c)) - q.shift;
            mean += sum_of(mix(vec4(0), exp(t) * p.inverse * (t - s), is_real(c, classes)));
        }
    for (uint c = 0; c < vec4s; c++) {
        const vec4 t = inverse_temperature * imageLoad(TEACHER, first_teacher + int(c)) - p.shift;
        const vec4 s = inverse_temperature * imageLoad(STUDENT, first_student + int(c)) - q.shift;
        const vec4 p_k = exp(t) * p.inverse;
        const vec4 of_student = exp(s) * q.inverse - p_k;
        const vec4 of_teacher = p_k * (t - s - mean);
        gradient[at + c] = mix(vec4(0), g * (teacher_side != 0 ? of_teacher : of_student),
                               is_real(c, classes));
    }
}
