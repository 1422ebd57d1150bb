#version 450
// y[n][i] = x[n][place - 1], place = table[i], 0 where that is 0
// Layout  X: [N][from_vec4s], TABLE: [count], y: [N][count] as vec4. Places count numbers of a sample
//         of x, padding too. The table is 0 in y's padding channels, and so y is.
// Work    one invocation: VECTORS vec4 of y (tensor.glsl), all of sample gl_WorkGroupID.y. Each is
//         made of four fetches, or of one where the places are those of a vec4 of x (WHOLE_VEC4S).
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
#include "gather.glsl"
layout(constant_id = 2) const bool WHOLE_VEC4S = false;
layout(push_constant) uniform Push {
    uint count;      // vec4 of a sample of y
    uint from_vec4s; // of a sample of x
    int X_offset;
    int TABLE_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer X;
layout(binding = 1, rgba32f) readonly uniform imageBuffer TABLE;
layout(binding = 2, std430) writeonly buffer Output { vec4 y[]; };

vec4 vec4_at(int first, float place)
{
    return imageLoad(X, place > 0 ? first + int((uint(place) - 1) / 4) : 0);
}

float number_at(int first, float place)
{
    return component(vec4_at(first, place), (uint(place) + 3) % 4);
}

void main()
{
    const int first = X_offset + int(gl_WorkGroupID.y * from_vec4s);
    const uint to = gl_WorkGroupID.y * count;
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) {
        const vec4 places = imageLoad(TABLE, TABLE_offset + int(i));
        if (WHOLE_VEC4S)
            y[to + i] = vec4_at(first, places.x);
        else
            y[to + i] = vec4(number_at(first, places.x), number_at(first, places.y),
                             number_at(first, places.z), number_at(first, places.w));
    }
}
