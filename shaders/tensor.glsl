// What kernels over whole tensors share. A workgroup takes WORKGROUP_SIZE * VECTORS items behind
// each other; an invocation takes VECTORS of them, WORKGROUP_SIZE apart, so that neighbours read
// neighbours (256 items of several vec4: starting a workgroup is dear on CPU drivers).
//     for (uint i = first_item(), v = 0; v < VECTORS && i < count; v++, i += WORKGROUP_SIZE) ...
#ifndef TENSOR_GLSL
#define TENSOR_GLSL

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint WORKGROUP_SIZE = 256; // names the id above
layout(constant_id = 1) const uint VECTORS = 4;

uint first_item()
{
    return gl_WorkGroupID.x * WORKGROUP_SIZE * VECTORS + gl_LocalInvocationID.x;
}

// 1 for the real channels of vec4 number c4 of a pixel, 0 for the padding
vec4 real_channels(uint c4, uint channels)
{
    return vec4(lessThan(uvec4(4 * c4) + uvec4(0, 1, 2, 3), uvec4(channels)));
}

// v with 0 in the padding channels, whatever was there (NaN, too)
vec4 only_real_channels(vec4 v, uint c4, uint channels)
{
    return mix(vec4(0), v, lessThan(uvec4(4 * c4) + uvec4(0, 1, 2, 3), uvec4(channels)));
}

// Four channels of two neighbouring vec4, from channel `first` (0 to 3) of the lower one on
vec4 four_channels(vec4 low, vec4 high, uint first)
{
    if (first == 1) return vec4(low.yzw, high.x);
    if (first == 2) return vec4(low.zw, high.xy);
    if (first == 3) return vec4(low.w, high.xyz);
    return low;
}

#endif
