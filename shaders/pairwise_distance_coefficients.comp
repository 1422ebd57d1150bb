#version 450
// coefficient_ij = distance_gradient_ij / distance_ij; 0 on the diagonal and where the distance is
// a constant (at most `constant_below`): there the gradient of the square root would be infinite.
// Layout  all: [N][N4] as vec4 of 4 columns, padding columns 0.
// Work    one invocation: VECTORS vec4 (tensor.glsl).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(push_constant) uniform Push {
    uint count; // N*N4
    uint rows;  // N
    float constant_below;
    int DISTANCE_offset;
    int GRADIENT_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer DISTANCE;
layout(binding = 1, rgba32f) readonly uniform imageBuffer GRADIENT;
layout(binding = 2, std430) writeonly buffer Output { vec4 coefficient[]; };

vec4 coefficients(uint i)
{
    const uint columns4 = (rows + 3) / 4;
    const uvec4 column = i % columns4 * 4 + uvec4(0, 1, 2, 3);
    const vec4 d = imageLoad(DISTANCE, DISTANCE_offset + int(i));
    const vec4 gradient = imageLoad(GRADIENT, GRADIENT_offset + int(i));
    const bvec4 constant = lessThanEqual(d, vec4(constant_below));
    vec4 result = gradient / mix(d, vec4(1), constant);
    result = mix(result, vec4(0), constant);
    result = mix(result, vec4(0), equal(column, uvec4(i / columns4)));
    return mix(result, vec4(0), greaterThanEqual(column, uvec4(rows)));
}

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE)
        coefficient[i] = coefficients(i);
}
