#version 450
#pragma use_vulkan_memory_model
// Y = X * Weights (+ Bias) on matrix units.
// Work    one workgroup: a tile of output pixels and output channels.
// Groups  x: tiles of pixels; y: tiles of output channels.
#extension GL_GOOGLE_include_directive : require
const bool TURNED = false;
#include "conv2d_common.glsl"
#include "conv2d_cooperative.glsl"
#include "conv2d_gpu_forward.glsl"
#include "conv2d_cooperative_pixels.glsl"

void main()
{
    find_rows();
    multiply(slice_count(tap_count()), false, false);
    write_tile(false);
}
