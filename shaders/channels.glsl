// What kernels share that do one thing a channel. A workgroup takes a block of pixels and `span`
// vec4 of channels; an invocation keeps to one vec4 of channels, so that it reads what belongs to a
// channel once, and takes every rows-th pixel of the block. Neighbours read neighbours: lane =
// row * span + column. Beyond rows * span some lanes of a workgroup have nothing to do.
//     for (uint p = slice.first, i = slice.item; p < slice.end; p += rows, i += rows * vec4s) ...
#ifndef CHANNELS_GLSL
#define CHANNELS_GLSL

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint WORKGROUP_SIZE = 256; // names the id above

struct Slice {
    uint c4;         // which vec4 of the channels
    uint row;        // of the workgroup's rows
    uint first, end; // pixels; none if the lane is idle
    uint item;       // vec4 of the first pixel
};

// vec4s: C4; block: pixels of a workgroup; rows = WORKGROUP_SIZE / span
Slice slice_of_lane(uint pixels, uint vec4s, uint block, uint span, uint rows)
{
    Slice slice;
    const uint lane = gl_LocalInvocationID.x;
    // In float: exact for numbers this small, and whole-number division is slow on CPU drivers.
    slice.row = uint((float(lane) + 0.5) / float(span));
    const uint column = lane - slice.row * span;
    slice.c4 = gl_WorkGroupID.y * span + column;
    const uint block_end = min((gl_WorkGroupID.x + 1) * block, pixels);
    slice.first = gl_WorkGroupID.x * block + slice.row;
    slice.end = slice.row < rows && slice.c4 < vec4s ? block_end : 0;
    slice.c4 = min(slice.c4, vec4s - 1); // idle lanes may read
    slice.item = slice.first * vec4s + slice.c4;
    return slice;
}

#endif
