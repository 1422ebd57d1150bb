#version 450
// total = sum of the partial sums of dot_products.comp
// Layout  PARTIAL: a vec4 each, the sum in .x, at most 128; total: a scalar.
// Work    one workgroup: an invocation a partial sum, then a tree.
layout(local_size_x = 128) in;
layout(push_constant) uniform Push {
    uint count;
    int PARTIAL_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer PARTIAL;
layout(binding = 1, std430) writeonly buffer Output { vec4 total; };
shared float sums[128];

void main()
{
    const uint lane = gl_LocalInvocationID.x;
    sums[lane] = imageLoad(PARTIAL, lane < count ? PARTIAL_offset + int(lane) : 0).x;
    for (uint half_ = 64; half_ > 0; half_ /= 2) {
        barrier();
        if (lane < half_) sums[lane] += sums[lane + half_];
    }
    if (lane == 0) total = vec4(sums[0], 0, 0, 0);
}
