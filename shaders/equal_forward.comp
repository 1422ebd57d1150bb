#version 450
// y_i = 1 where a_i = b_i, else 0
// Layout  A, B, y: a vec4 a sample, in .x.
// Work    one invocation: one sample.
#extension GL_GOOGLE_include_directive : require
layout(local_size_x = 64) in; // of rt_dispatch_samples
layout(push_constant) uniform Push {
    uint samples; // N
    int A_offset;
    int B_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer A;
layout(binding = 1, rgba32f) readonly uniform imageBuffer B;
layout(binding = 2, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    const uint sample_ = gl_GlobalInvocationID.x;
    if (sample_ >= samples) return;
    const bool same = imageLoad(A, A_offset + int(sample_)).x ==
                      imageLoad(B, B_offset + int(sample_)).x;
    y[sample_] = vec4(same ? 1 : 0, 0, 0, 0);
}
