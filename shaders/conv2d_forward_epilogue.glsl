// What a convolution does to each result on its way to memory (common/ops/conv2d_epilogue.h):
//     NORMALISE  a batch norm with fixed statistics: (Y - Mean) * Scale / sqrt(Variance + epsilon) + Shift
//     ADD        + Addend
//     ACTIVATE   relu of it (relu.glsl)
//     KEEP       Y itself is stored too
// The kernel declares the push constants and bindings, then includes this.
#ifndef CONV2D_FORWARD_EPILOGUE_GLSL
#define CONV2D_FORWARD_EPILOGUE_GLSL
#include "relu.glsl"
layout(constant_id = 4) const bool ACTIVATE = false;
layout(constant_id = 6) const bool BIAS = false; // of the convolution itself
layout(constant_id = 7) const bool NORMALISE = false;
layout(constant_id = 8) const bool ADD = false;
layout(constant_id = 9) const bool KEEP = false;

struct Norm {
    vec4 mean, scale, shift;
};

// of 4 channels
Norm norm_of(int c4)
{
    Norm norm = Norm(vec4(0), vec4(1), vec4(0));
    if (NORMALISE) {
        norm.mean = imageLoad(Mean, Mean_offset + c4);
        norm.scale = imageLoad(Scale, Scale_offset + c4) /
                     sqrt(imageLoad(Variance, Variance_offset + c4) + epsilon);
        norm.shift = imageLoad(Shift, Shift_offset + c4);
    }
    return norm;
}

void store(int index, vec4 v, Norm norm)
{
    if (KEEP) raw[index] = v;
    if (NORMALISE) v = (v - norm.mean) * norm.scale + norm.shift;
    if (ADD) v += imageLoad(Addend, Addend_offset + index);
    if (ACTIVATE) v = relu(v, negative_slope, ceiling);
    y[index] = v;
}

#endif
