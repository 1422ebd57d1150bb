#version 450
// norms = (|mean - running_mean|, |variance - running_var|), loss = their sum
// Layout  all but norms and loss: [C4] as vec4, padding 0; norms: .x and .y; loss: a scalar.
// Work    one workgroup: an invocation every 128th vec4, then a tree.
layout(local_size_x = 128) in;
layout(push_constant) uniform Push {
    uint vec4s; // C4
    int MEAN_offset;
    int VARIANCE_offset;
    int RUNNING_MEAN_offset;
    int RUNNING_VAR_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer MEAN;
layout(binding = 1, rgba32f) readonly uniform imageBuffer VARIANCE;
layout(binding = 2, rgba32f) readonly uniform imageBuffer RUNNING_MEAN;
layout(binding = 3, rgba32f) readonly uniform imageBuffer RUNNING_VAR;
layout(binding = 4, std430) writeonly buffer Norms { vec4 norms; };
layout(binding = 5, std430) writeonly buffer Loss { vec4 loss; };
shared vec2 sums[128];

void main()
{
    const uint lane = gl_LocalInvocationID.x;
    vec2 sum = vec2(0);
    for (uint c4 = lane; c4 < vec4s; c4 += 128) {
        const int c = int(c4);
        const vec4 mean = imageLoad(MEAN, MEAN_offset + c) -
                          imageLoad(RUNNING_MEAN, RUNNING_MEAN_offset + c);
        const vec4 variance = imageLoad(VARIANCE, VARIANCE_offset + c) -
                              imageLoad(RUNNING_VAR, RUNNING_VAR_offset + c);
        sum += vec2(dot(mean, mean), dot(variance, variance));
    }
    sums[lane] = sum;
    for (uint half_ = 64; half_ > 0; half_ /= 2) {
        barrier();
        if (lane < half_) sums[lane] += sums[lane + half_];
    }
    if (lane == 0) {
        const vec2 norm = sqrt(sums[0]);
        norms = vec4(norm, 0, 0);
        loss = vec4(norm.x + norm.y, 0, 0, 0);
    }
}
