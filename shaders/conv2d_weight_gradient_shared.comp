#version 450
// dWeights = X, turned, * dY through shared memory. The inner index counts pixels.
// Work    one invocation: QUADS vec4 of input channels at a tap x VECTORS vec4 of output channels,
//         summed over the pixels of its split.
// Groups  x: tiles of (tap, input channel); y: tiles of output channels; z: splits of the pixels.
#extension GL_EXT_control_flow_attributes : require
#extension GL_GOOGLE_include_directive : require
#include "conv2d_common.glsl"
#include "conv2d_shared.glsl"
#include "conv2d_gpu_weight_gradient.glsl"
const int LEFT_FETCHES = (DEPTH * TILE_QUADS + INVOCATIONS - 1) / INVOCATIONS;
vec4 fetched_left[LEFT_FETCHES], fetched_right[RIGHT_FETCHES];
int left_depth(int f) { return (f * INVOCATIONS + invocation()) / TILE_QUADS; }
int left_quad(int f) { return (f * INVOCATIONS + invocation()) % TILE_QUADS; }

void fetch(int slice)
{
    const int first = first_pixel() + slice * DEPTH;
    [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++)
        fetched_left[f] = left_at(first + left_depth(f), first_row() / 4 + left_quad(f));
    [[unroll]] for (int f = 0; f < RIGHT_FETCHES; f++)
        fetched_right[f] = right_at(first + right_depth(f), first_vector() + right_vector(f));
}

void put(int pair)
{
    [[unroll]] for (int f = 0; f < LEFT_FETCHES; f++)
        if (left_depth(f) < DEPTH)
            left[(pair * DEPTH + left_depth(f)) * LEFT_STRIDE + left_quad(f)] = fetched_left[f];
    [[unroll]] for (int f = 0; f < RIGHT_FETCHES; f++)
        if (right_depth(f) < DEPTH)
            right[(pair * DEPTH + right_depth(f)) * TILE_VECTORS + right_vector(f)] =
                fetched_right[f];
}

void main()
{
    multiply((pixels_a_split() + DEPTH - 1) / DEPTH, 4);
    write_tile();
}
