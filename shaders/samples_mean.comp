#version 450
// mean = sum of the samples' values / divisor
// Layout  VALUES: a vec4 a sample, the value in .x; mean: a scalar.
// Work    one workgroup: an invocation every 128th sample, then a tree. 128 invocations: the least
//         that a device must offer, so that the order of the sum is the same everywhere.
layout(local_size_x = 128) in;
layout(push_constant) uniform Push {
    uint count;
    float divisor;
    int VALUES_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer VALUES;
layout(binding = 1, std430) writeonly buffer Output { vec4 mean; };
shared float sums[128];

void main()
{
    const uint lane = gl_LocalInvocationID.x;
    float sum = 0;
    for (uint i = lane; i < count; i += 128) sum += imageLoad(VALUES, VALUES_offset + int(i)).x;
    sums[lane] = sum;
    for (uint half_ = 64; half_ > 0; half_ /= 2) {
        barrier();
        if (lane < half_) sums[lane] += sums[lane + half_];
    }
    if (lane == 0) mean = vec4(sums[0] / divisor, 0, 0, 0);
}
