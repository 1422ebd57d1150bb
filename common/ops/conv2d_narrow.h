#ifndef RT_OPS_CONV2D_NARROW_H
#define RT_OPS_CONV2D_NARROW_H

/** The shuffle family's kernel for results of at most 4 channels (shaders/conv2d_narrow_shuffle).
 *  Inside that family. */

#include "common/ops/conv2d_family.h"

/** Y = X * Weights (+ bias), 3x3, padding 1, stride 1; all images of height x width. */
typedef struct rt_conv2d_narrow_call {
    uint32_t images, height, width;
    uint32_t channels;        ///< of x
    uint32_t result_channels; ///< of y, at most 4
    bool turned;              ///< the taps are turned by half: x is dY, weight the transposed copy
    rt_gpu_range x, weight, bias, y; ///< bias {0}: none
    const char *label;
} rt_conv2d_narrow_call;

/** Whether the kernel does this layer's pass with so many channels in its result. */
bool rt_conv2d_is_narrow(const rt_device_info *device, const rt_conv2d_shape *shape,
                         uint32_t result_channels);
RT_CHECKED rt_status rt_conv2d_narrow(rt_program *program, const rt_conv2d_narrow_call *call);

#endif
