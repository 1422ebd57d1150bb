#version 450
// x_gradient[n][i] = sum of g[n][places[first_i + k]] over k < count_i, in this order; g = y's
//     gradient
// Layout  G: [N][from_vec4s], FIRST, COUNT: [count], PLACES: a list, x_gradient: [N][count] as vec4.
//         Places count numbers of a sample of g, padding too. COUNT is 0 in padding channels.
// Work    one invocation: VECTORS vec4 of x (tensor.glsl), all of sample gl_WorkGroupID.y.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "gather.glsl"
layout(push_constant) uniform Push {
    uint count;      // vec4 of a sample of x
    uint from_vec4s; // of a sample of g
    int G_offset;
    int FIRST_offset;
    int COUNT_offset;
    int PLACES_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, rgba32f) readonly uniform imageBuffer FIRST;
layout(binding = 2, rgba32f) readonly uniform imageBuffer COUNT;
layout(binding = 3, rgba32f) readonly uniform imageBuffer PLACES;
layout(binding = 4, std430) writeonly buffer Output { vec4 x_gradient[]; };

float sum_of_list(int sample_, float first, float numbers)
{
    float sum = 0;
    for (uint k = uint(first); k < uint(first + numbers); k++) {
        const uint place = uint(component(imageLoad(PLACES, PLACES_offset + int(k / 4)), k % 4));
        sum += component(imageLoad(G, sample_ + int(place / 4)), place % 4);
    }
    return sum;
}

void main()
{
    const int sample_ = G_offset + int(gl_WorkGroupID.y * from_vec4s);
    const uint to = gl_WorkGroupID.y * count;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const vec4 first = imageLoad(FIRST, FIRST_offset + int(i));
        const vec4 numbers = imageLoad(COUNT, COUNT_offset + int(i));
        x_gradient[to + i] = vec4(sum_of_list(sample_, first.x, numbers.x),
                                  sum_of_list(sample_, first.y, numbers.y),
                                  sum_of_list(sample_, first.z, numbers.z),
                                  sum_of_list(sample_, first.w, numbers.w));
    }
}
