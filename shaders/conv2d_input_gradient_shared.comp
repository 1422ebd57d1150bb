#version 450
// dX = dY * Transposed (+ Addend) through shared memory.
// Work    one invocation: 4 * QUADS input pixels, VECTORS vec4 of input channels.
// Groups  x: tiles of pixels of a parity; y: tiles of input channels; z: parities.
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
#include "conv2d_shared.glsl"
#include "conv2d_gpu_input_gradient.glsl"
#include "conv2d_shared_pixels.glsl"
