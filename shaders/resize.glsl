// The shape of both images, and what resizing's kernels read of a tap (common/ops/resize.c).
#ifndef RESIZE_GLSL
#define RESIZE_GLSL

layout(constant_id = 2) const uint C4 = 1;
layout(constant_id = 3) const uint H = 1; // of x
layout(constant_id = 4) const uint W = 1;
layout(constant_id = 5) const uint OUTPUT_H = 1; // of y
layout(constant_id = 6) const uint OUTPUT_W = 1;

// A tap is (low, high, share): the output's row or column is (1 - share) of low and share of high.

// what part of it pixel `own` is; low and high may be one and the same
float part_of(vec4 tap, uint own)
{
    return (uint(tap.x) == own ? 1 - tap.z : 0) + (uint(tap.y) == own ? tap.z : 0);
}

#endif
