#version 450
#pragma use_vulkan_memory_model
// dX = dY * Transposed (+ Addend) on matrix units.
// Work    one workgroup: a tile of input pixels and input channels.
// Groups  x: tiles of pixels of a parity; y: tiles of input channels; z: parities.
#extension GL_GOOGLE_include_directive : require
const bool TURNED = false;
#include "conv2d_common.glsl"
#include "conv2d_cooperative.glsl"
#include "conv2d_gpu_input_gradient.glsl"
#include "conv2d_cooperative_pixels.glsl"

void main()
{
    find_rows();
    multiply(slice_count(tap_count()), true, false);
    write_tile(true);
}
