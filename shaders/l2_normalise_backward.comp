#version 450
// x_gradient = (g - y (y.g)) / |x| where |x| >= epsilon, else g / epsilon; g = y_gradient
// Layout  all: [N][C4] as vec4. Padding channels are 0 and stay 0.
// Work    one invocation a sample: its channels twice (the two sums, then the result).
layout(local_size_x = 32) in;
layout(push_constant) uniform Push {
    uint rows;
    uint vec4s; // C4
    float epsilon;
    int X_offset;
    int Y_GRADIENT_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer Y_GRADIENT;
layout(binding = 2, std430) writeonly buffer Output { vec4 x_gradient[]; };

void main()
{
    const uint row = gl_GlobalInvocationID.x;
    if (row >= rows) return;
    const uint first = row * vec4s;
    float squares = 0;
    float along = 0;
    for (uint c = 0; c < vec4s; c++) {
        const vec4 x = imageLoad(X, X_offset + int(first + c));
        squares += dot(x, x);
        along += dot(x, imageLoad(Y_GRADIENT, Y_GRADIENT_offset + int(first + c)));
    }
    const float norm = sqrt(squares);
    const float scale = 1 / max(norm, epsilon);
    // Divided twice, not by the square: the square of a small norm underflows.
    const float share = norm >= epsilon ? along * scale * scale : 0;
    for (uint c = 0; c < vec4s; c++) {
        const vec4 x = imageLoad(X, X_offset + int(first + c));
        const vec4 g = imageLoad(Y_GRADIENT, Y_GRADIENT_offset + int(first + c));
        x_gradient[first + c] = scale * (g - share * x);
    }
}
