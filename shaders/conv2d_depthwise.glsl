// Depthwise convolutions: every channel has a kernel of its own, so that as few as 9 multiplications
// stand beside a load and a store. What counts is how often a number is fetched.
// Layout  as of every convolution; of the 4 rows that a tap of Weights has, the first is used.
// Work    one invocation: a vec4 of channels in a tile of pixels. It fetches what lies under the
//         tile once, then goes channel by channel: the numbers of one channel, its taps and a sum
//         fit the registers of a CPU. Neighbours take the neighbouring channels, then tiles.
// Everything is read through texel buffers whose texel 0 is zero (docs/kernels.md).
#extension GL_EXT_control_flow_attributes : require
#include "conv2d_common.glsl"
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int WORKGROUP_SIZE = 64;
layout(constant_id = 2) const int TILE_ROWS = 4;
layout(constant_id = 3) const int TILE_COLUMNS = 4;
layout(constant_id = 5) const int DILATION = 1;
const int C4 = CI4;
const int TAPS = KERNEL_H * KERNEL_W;
const int TILE_PIXELS = TILE_ROWS * TILE_COLUMNS;
