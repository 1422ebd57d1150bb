// The shuffle family: a vec4 of channels a lane; GROUP_LANES lanes side by side make a group, and
// the LANES / GROUP_LANES groups of a subgroup work on different tiles of pixels, so that layers
// of few channels fill the vector too. A workgroup is one subgroup.
// A tile's pixels are fetched a pixel a lane into arrays that never leave the registers; a value is
// handed to the group's lanes by a shuffle whose pattern is known when the pipeline is made, which
// CPU drivers turn into one instruction (docs/kernels.md). Hence all indices below are constant
// once loops are unrolled. Everything is read through texel buffers whose texel 0 is zero.
layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LANES = 16;
layout(constant_id = 1) const int GROUP_LANES = 16;  // power of two, at most LANES
layout(constant_id = 2) const int TILE_ROWS = 2;     // of pixels, in rows of all images together
layout(constant_id = 3) const int TILE_COLUMNS = 16;
const int GROUPS = LANES / GROUP_LANES;
const int TILE_PIXELS = TILE_ROWS * TILE_COLUMNS;
// Pixels that take a weight in turn. Their sums and the weight fit the registers of a CPU, so that
// a weight is loaded once for several multiplications.
const int BLOCK = TILE_PIXELS % 4 == 0 ? 4 : TILE_PIXELS % 3 == 0 ? 3 : TILE_PIXELS % 2 == 0 ? 2 : 1;

int lane() { return int(gl_SubgroupInvocationID); }
int group() { return int(gl_SubgroupInvocationID) / GROUP_LANES; }
int lane_in_group() { return int(gl_SubgroupInvocationID) % GROUP_LANES; }

// To every lane, the value that lane `source` of its own group holds.
float from_lane(float value, int source)
{
    if (GROUP_LANES == 1) return value;
    return subgroupShuffle(value, uint(lane() / GROUP_LANES * GROUP_LANES + source));
}

// To every group, the vector that group `source` holds.
vec4 from_group(vec4 value, int source)
{
    if (GROUPS == 1) return value;
    return subgroupShuffle(value, uint(lane() % GROUP_LANES + source * GROUP_LANES));
}
