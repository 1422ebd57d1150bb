// The activations that other kernels do in passing: v where v > 0, else negative_slope * v, at most
// ceiling. A slope of 1 and no ceiling (the largest float) is none, 0 is ReLU, 0 and 6 is ReLU6.
// Comparisons and mix instead of min and max: these may lose a NaN.
#ifndef RELU_GLSL
#define RELU_GLSL

vec4 relu(vec4 v, float negative_slope, float ceiling)
{
    const vec4 raised = mix(negative_slope * v, v, greaterThan(v, vec4(0)));
    return mix(raised, vec4(ceiling), greaterThan(raised, vec4(ceiling)));
}

// what a gradient is multiplied by: `above` where 0 < y < ceiling, `below` where y <= 0, else 0.
// y is the result or, of the same sign and side, what went in.
vec4 relu_slope(vec4 y, vec4 below, vec4 above, float ceiling)
{
    const vec4 slope = mix(below, above, greaterThan(y, vec4(0)));
    return mix(slope, vec4(0), greaterThanEqual(y, vec4(ceiling)));
}

#endif
