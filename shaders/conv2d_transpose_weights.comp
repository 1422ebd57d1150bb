#version 450
// Transposed(tap, co, ci) = Weights(tap, ci, co): what the input gradient reads.
// Work    one invocation: 4 input channels of one output channel. Small and once a step.
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
    int taps;
    int CI4;
    int CO4;
    int Weights_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer Weights;
layout(binding = 1, std430) writeonly buffer Output { vec4 transposed[]; };

void main()
{
    const int index = int(gl_GlobalInvocationID.x);
    const int c4 = index % CI4, co = index / CI4 % (4 * CO4), tap = index / CI4 / (4 * CO4);
    const int first = Weights_offset + (tap * CI4 + c4) * 4 * CO4 + co / 4;
    const bool inside = tap < taps;
    vec4 weight;
    for (int component = 0; component < 4; component++)
        weight[component] = imageLoad(Weights, inside ? first + component * CO4 : 0)[co % 4];
    if (inside) transposed[index] = weight;
}
