#version 450
#pragma use_vulkan_memory_model
// dWeights = X, turned, * dY on matrix units. The inner index counts pixels.
// Work    one workgroup: a tile of (tap, input channel) and output channels.
// Groups  x: tiles of (tap, input channel); y: tiles of output channels; z: splits of the pixels.
#extension GL_GOOGLE_include_directive : require
const bool TURNED = true;
#include "conv2d_common.glsl"
#include "conv2d_cooperative.glsl"
#include "conv2d_gpu_weight_gradient.glsl"

void fetch(int slice)
{
    const int first = first_pixel() + slice * DEPTH;
    [[unroll]] for (int part = 0; part < 2; part++) {
        const int quad = first_row() / 4 + 2 * left_eight() + part;
        const int vector = first_vector() + 2 * right_eight() + part;
        [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++)
            fetched_left[2 * f + part] = left_at(first + left_line(f), quad);
        [[unroll]] for (int f = 0; f < RIGHT_FETCHES; f++)
            fetched_right[2 * f + part] = right_at(first + right_line(f), vector);
    }
}

void main()
{
    multiply((pixels_a_split() + DEPTH - 1) / DEPTH, false, true);
    write_tile(true);
}
