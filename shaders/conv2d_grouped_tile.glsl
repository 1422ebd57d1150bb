// Groups of whole vec4, on both sides: then a vec4 of results belongs to one group, and each of its
// inputs is used for all four.
// Work    one invocation: a vec4 of channels of a tile of pixels, whose sums stay in registers. Per
//         kernel row and vec4 of the group it fetches the pixels under the tile once, uses each for
//         all taps of the row that meet it, and each weight for all pixels.
#include "conv2d_grouped.glsl"
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int WORKGROUP_SIZE = 64;
layout(constant_id = 2) const int TILE_ROWS = 2;
layout(constant_id = 3) const int TILE_COLUMNS = 8;
const int GROUP_OUT4 = GROUP_OUT / 4;
const int TILE_PIXELS = TILE_ROWS * TILE_COLUMNS;
