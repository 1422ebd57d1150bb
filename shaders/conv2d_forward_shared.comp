#version 450
// Y = X * Weights (+ Bias) through shared memory.
// Work    one invocation: 4 * QUADS output pixels, VECTORS vec4 of output channels.
// Groups  x: tiles of pixels; y: tiles of output channels.
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
#include "conv2d_shared.glsl"
#include "conv2d_gpu_forward.glsl"
#include "conv2d_shared_pixels.glsl"
