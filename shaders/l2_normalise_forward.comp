#version 450
// y = x / max(|x|, epsilon), one vector a sample
// Layout  X, y: [N][C4] as vec4. Padding channels are 0 and stay 0.
// Work    one invocation a sample: its channels twice (norm, then scaling); a sample's second
//         reading comes from the cache.
layout(local_size_x = 32) in;
layout(push_constant) uniform Push {
    uint rows;
    uint vec4s; // C4
    float epsilon;
    int X_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, std430) writeonly buffer Output { vec4 y[]; };

void main()
{
    const uint row = gl_GlobalInvocationID.x;
    if (row >= rows) return;
    const uint first = row * vec4s;
    float squares = 0;
    for (uint c = 0; c < vec4s; c++) {
        const vec4 x = imageLoad(X, X_offset + int(first + c));
        squares += dot(x, x);
    }
    const float scale = 1 / max(sqrt(squares), epsilon);
    for (uint c = 0; c < vec4s; c++)
        y[first + c] = scale * imageLoad(X, X_offset + int(first + c));
}
