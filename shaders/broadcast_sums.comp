#version 450
// partial(part, o) = sum of f over one part of the large numbers that belong to the small number o;
//     f: rt_broadcast_sum_kind
// Layout  G, X: large, MEAN: small, partial: [parts][outputs] as vec4. Padding of g and x is 0, and so
//         is that of f, where it is read.
// Work    one invocation: VECTORS items (tensor.glsl), each a part of a vec4 of the small tensor. The
//         walk through the large one has up to two dimensions over outputs and two over terms; after
//         its beginning it takes no division.
#extension GL_GOOGLE_include_directive : require
#include "tensor.glsl"
layout(constant_id = 2) const uint KIND = 0;
layout(push_constant) uniform Push {
    uint count; // outputs * parts
    uint outputs;
    uint terms;
    uint part; // terms of a part; the last has fewer
    uint kept_extent;
    uint kept_inner, kept_outer; // vec4 from output to output
    uint repeated_extent;
    uint repeated_inner, repeated_outer; // vec4 from term to term
    int G_offset;
    int X_offset;
    int MEAN_offset;
};
layout(binding = 0, rgba32f) readonly uniform imageBuffer G;
layout(binding = 1, rgba32f) readonly uniform imageBuffer X; // any tensor where f has none
layout(binding = 2, rgba32f) readonly uniform imageBuffer MEAN; // any tensor where f has none
layout(binding = 3, std430) writeonly buffer Output { vec4 partial[]; };

const uint PLAIN = 0, PRODUCT = 1, NEGATIVE = 2, DEVIATION_SQUARE = 3, DEVIATION_PRODUCT = 4; // enum

vec4 term(uint at, vec4 mean)
{
    const vec4 g = imageLoad(G, G_offset + int(at));
    if (KIND == PLAIN) return g;
    if (KIND == DEVIATION_SQUARE) return (g - mean) * (g - mean);
    const vec4 x = imageLoad(X, X_offset + int(at));
    if (KIND == PRODUCT) return g * x;
    if (KIND == NEGATIVE) return mix(vec4(0), g * x, lessThan(x, vec4(0)));
    return g * (x - mean); // DEVIATION_PRODUCT
}

vec4 sum_of_part(uint output_, uint first)
{
    vec4 mean = vec4(0);
    if (KIND == DEVIATION_SQUARE || KIND == DEVIATION_PRODUCT)
        mean = imageLoad(MEAN, MEAN_offset + int(output_));
    uint inner = first % repeated_extent;
    uint at = output_ / kept_extent * kept_outer + output_ % kept_extent * kept_inner +
              first / repeated_extent * repeated_outer + inner * repeated_inner;
    const uint end = min(first + part, terms);
    vec4 sum = vec4(0);
    for (uint k = first; k < end; k++) {
        sum += term(at, mean);
        const bool wraps = inner + 1 == repeated_extent;
        at += wraps ? repeated_outer - inner * repeated_inner : repeated_inner;
        inner = wraps ? 0 : inner + 1;
    }
    return sum;
}

void main()
{
    for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE)
        partial[i] = sum_of_part(i % outputs, i / outputs * part);
}
