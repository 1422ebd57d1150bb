// What a convolution does to the gradient of its input X on its way to memory
// (common/ops/conv2d_epilogue.h): + Addend (ADD), then through the backward pass of what made X:
// times the slope of relu.glsl at X (ACTIVATION), times Scale / sqrt(Variance + epsilon) (SCALE),
// + Behind (ADD_BEHIND). The kernel declares the push constants and bindings, then includes this.
#ifndef CONV2D_GRADIENT_EPILOGUE_GLSL
#define CONV2D_GRADIENT_EPILOGUE_GLSL
#include "relu.glsl"
layout(constant_id = 6) const bool ADD = false;
layout(constant_id = 7) const bool ACTIVATION = false;
layout(constant_id = 8) const bool SCALE = false;
layout(constant_id = 9) const bool ADD_BEHIND = false;

// of 4 channels: what a gradient is multiplied by where the activation's slope is 1
vec4 slope_of(int c4)
{
    return SCALE ? imageLoad(Scale, Scale_offset + c4) /
                       sqrt(imageLoad(Variance, Variance_offset + c4) + epsilon)
                 : vec4(1);
}

void store(int index, vec4 g, vec4 above)
{
    vec4 slope = above;
    if (ADD) g += imageLoad(Addend, Addend_offset + index);
    if (ACTIVATION)
        slope = relu_slope(imageLoad(Made, Made_offset + index), negative_slope * above, above,
                           ceiling);
    if (ACTIVATION || SCALE) g *= slope;
    if (ADD_BEHIND) g += imageLoad(Behind, Behind_offset + index);
    dx[index] = g;
}

#endif
