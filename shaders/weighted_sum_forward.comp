#version 450
// y = sum over i, in order, of weights[i] * terms[i]
// Layout  WEIGHTS: [count] as vec4; TERMS: scalars, `distance` vec4 apart; y: a scalar.
// Work    one invocation: a handful of numbers.
layout(local_size_x = 1) in;
layout(push_constant) uniform Push {
    uint count;
    uint distance;
    int WEIGHTS_offset;
    int TERMS_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer WEIGHTS;
layout(binding = 1, rgba32f) readonly uniform imageBuffer TERMS;
layout(binding = 2, std430) writeonly buffer Output { vec4 y; };

void main()
{
    float sum = 0;
    for (uint i = 0; i < count; i++)
        sum += imageLoad(WEIGHTS, WEIGHTS_offset + int(i / 4))[i % 4] *
               imageLoad(TERMS, TERMS_offset + int(i * distance)).x;
    y = vec4(sum, 0, 0, 0);
}
