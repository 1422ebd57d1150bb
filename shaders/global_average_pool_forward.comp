#version 450
// y = mean over the pixels of an image, channel by channel
// Layout  X: [N,PIXELS,C4], y: [N,C4] as vec4. Padding channels are 0 and stay 0.
// Work    ROWS invocations a vec4 of y: each adds up every ROWS-th pixel, then a tree adds these. One
//         on CPU drivers, which like much work and no barriers; many on GPUs, where one would wait for
//         each fetch. Neighbours take neighbouring vec4 of y.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint WORKGROUP_SIZE = 32; // names the id above
layout(constant_id = 1) const uint ROWS = 1;            // a power of two that divides it
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint PIXELS = 1;
layout(push_constant) uniform Push {
    uint count; // N*C4
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };
shared vec4 sums[WORKGROUP_SIZE];

void main()
{
    const uint columns = WORKGROUP_SIZE / ROWS, lane = gl_LocalInvocationID.x;
    const uint i = gl_WorkGroupID.x * columns + lane % columns;
    const uint column = min(i, count - 1); // beyond the end: the last again, not written
    const uint first = column / C4 * PIXELS * C4 + column % C4;
    vec4 sum = vec4(0);
    for (uint pixel = lane / columns; pixel < PIXELS; pixel += ROWS)
        sum += imageLoad(X, X_offset + int(first + pixel * C4));
    if (ROWS > 1) {
        sums[lane] = sum;
        for (uint half_ = WORKGROUP_SIZE / 2; half_ >= columns; half_ /= 2) {
            barrier();
            if (lane < half_) sums[lane] += sums[lane + half_];
        }
        sum = sums[lane];
    }
    if (lane < columns && i < count) y[i] = sum / float(PIXELS);
}
