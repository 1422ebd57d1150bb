#version 450
// y = mean over the pixels of an image, channel by channel
// Layout  X: [N,PIXELS,C4], y: [N,C4] as vec4. Padding channels are 0 and stay 0.
// Work    one invocation a vec4 of y: all its pixels. Few invocations with much work each, so small
//         workgroups.
layout(local_size_x = 32) in;
layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint PIXELS = 1;
layout(push_constant) uniform Push {
    uint count; // N*C4
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    const uint i = gl_GlobalInvocationID.x;
    if (i >= count) return;
    const uint first = i / C4 * PIXELS * C4 + i % C4;
    vec4 sum = vec4(0);
    for (uint pixel = 0; pixel < PIXELS; pixel++)
        sum += imageLoad(X, X_offset + int(first + pixel * C4));
    y[i] = sum / float(PIXELS);
}
