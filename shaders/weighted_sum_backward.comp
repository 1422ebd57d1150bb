#version 450
// term_gradient[i] = weights[i] * g, g = the sum's gradient
// Layout  WEIGHTS: [count] as vec4; G: a scalar; term_gradient: scalars, `distance` vec4 apart.
// Work    one invocation: a handful of numbers.
layout(local_size_x = 1) in;
layout(push_constant) uniform Push {
    uint count;
    uint distance;
    int WEIGHTS_offset;
    int G_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer WEIGHTS;
layout(binding = 1, rgba32f) readonly uniform imageBuffer G;
layout(binding = 2, std430) writeonly buffer Output { vec4 term_gradient[]; };

void main()
{
    const float g = imageLoad(G, G_offset).x;
    for (uint i = 0; i < count; i++)
        term_gradient[i * distance] =
            vec4(imageLoad(WEIGHTS, WEIGHTS_offset + int(i / 4))[i % 4] * g, 0, 0, 0);
}
