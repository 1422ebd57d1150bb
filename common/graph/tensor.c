#include "common/graph/tensor.h"

#include <string.h>

void rt_tensor_pack(rt_shape shape, const float *dense, float *padded)
{
    const uint64_t pixels = rt_shape_pixels(shape);
    const uint32_t channels = shape.c, stride = 4 * rt_vec4s(channels);
    for (uint64_t pixel = 0; pixel < pixels; pixel++) {
        memcpy(padded + pixel * stride, dense + pixel * channels, channels * sizeof *dense);
        memset(padded + pixel * stride + channels, 0, (stride - channels) * sizeof *padded);
    }
}

void rt_tensor_unpack(rt_shape shape, const float *padded, float *dense)
{
    const uint64_t pixels = rt_shape_pixels(shape);
    const uint32_t channels = shape.c, stride = 4 * rt_vec4s(channels);
    for (uint64_t pixel = 0; pixel < pixels; pixel++)
        memcpy(dense + pixel * channels, padded + pixel * stride, channels * sizeof *dense);
}
