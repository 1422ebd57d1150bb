#version 450
// partial_g = sum of mask * |a - b|, or of mask * (a - b)^2, over every (workgroups)-th run of 128 vec4,
// beginning at run g
// Layout  A, B: [N,H,W,C4] as vec4, padding channels 0; MASK: a vec4 a sample, in .x; partial: a vec4 a
//         workgroup, in .x.
// Work    a workgroup a partial sum: its invocations add up their own vec4, then a tree adds these.
layout(local_size_x = 128) in;
layout(constant_id = 0) const bool SQUARED = false;
layout(constant_id = 1) const bool MASKED = false; // else MASK may be anything
layout(push_constant) uniform Push {
    uint count;        // N*H*W*C4
    uint sample_vec4s; // H*W*C4
    int A_offset;
    int B_offset;
    int MASK_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer A;
layout(binding = 1, rgba32f) readonly uniform imageBuffer B;
layout(binding = 2, rgba32f) readonly uniform imageBuffer MASK;
layout(binding = 3, std430) writeonly buffer Output { vec4 partial[]; };
shared float sums[128];

void main()
{
    const uint lane = gl_LocalInvocationID.x;
    vec4 sum = vec4(0);
    for (uint i = gl_WorkGroupID.x * 128 + lane; i < count; i += 128 * gl_NumWorkGroups.x) {
        const vec4 d = imageLoad(A, A_offset + int(i)) - imageLoad(B, B_offset + int(i));
        const vec4 size = SQUARED ? d * d : abs(d);
        if (MASKED)
            sum += size * imageLoad(MASK, MASK_offset + int(i / sample_vec4s)).x;
        else
            sum += size;
    }
    sums[lane] = (sum.x + sum.y) + (sum.z + sum.w);
    for (uint half_ = 64; half_ > 0; half_ /= 2) {
        barrier();
        if (lane < half_) sums[lane] += sums[lane + half_];
    }
    if (lane == 0) partial[gl_WorkGroupID.x] = vec4(sums[0], 0, 0, 0);
}
