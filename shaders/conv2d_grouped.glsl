// Convolutions of GROUPS groups of channels: output channel o sees the GROUP_IN channels from
// o / GROUP_OUT * GROUP_IN on. The layout of the weights is that of every convolution, with the
// inputs of a group in its rows: [tap][4*GROUP_IN4][CO4]. Everything is read through texel buffers
// whose texel 0 is zero (docs/kernels.md).
#include "conv2d_common.glsl"
#extension GL_EXT_control_flow_attributes : require
layout(constant_id = 4) const int GROUPS = 2;
layout(constant_id = 5) const int DILATION = 1;
const int GROUP_IN = CI / GROUPS, GROUP_OUT = CO / GROUPS;
const int GROUP_IN4 = (GROUP_IN + 3) / 4;
