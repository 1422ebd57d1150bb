// How gather's kernels take one number out of a texel buffer.
#ifndef GATHER_GLSL
#define GATHER_GLSL

// component `which` (0 to 3): comparisons, because a vector that is indexed lies in memory
float component(vec4 v, uint which)
{
    const float low = which == 0 ? v.x : v.y;
    const float high = which == 2 ? v.z : v.w;
    return which < 2 ? low : high;
}

#endif
