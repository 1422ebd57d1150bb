#ifndef RT_OPS_CONV2D_FAMILY_H
#define RT_OPS_CONV2D_FAMILY_H

/**
 * The kernels of a convolution come in families, each with all three passes. Which one is best is a
 * question of the device, answered by timing (conv2d_choice.h):
 *   shuffle  subgroups as vectors, values handed on by constant shuffles: CPU drivers
 *   shared   tiles of a matrix product in shared memory: GPUs
 *   cooperative  the same on matrix units, in float16: GPUs, and only if the user wants it
 *   plain    one invocation a vec4 of results, storage buffers only: the judge of the others, and
 *            what is left where a device lacks something
 * Inside common/ops, its tests and the bench.
 */

#include "common/ops/batch_norm.h"

typedef struct rt_conv2d_shape {
    uint32_t images, height, width;
    uint32_t in_channels, out_channels;
    uint32_t kernel_h, kernel_w, stride;
    uint32_t top, left; ///< lines of zeros above the image and left of it
    uint32_t dilation;  ///< distance of neighbouring taps: 1 usually
    uint32_t out_height, out_width;
} rt_conv2d_shape;

typedef enum rt_conv2d_pass {
    RT_CONV2D_FORWARD,
    RT_CONV2D_INPUT_GRADIENT,
    RT_CONV2D_WEIGHT_GRADIENT,
    RT_CONV2D_PASSES
} rt_conv2d_pass;

/** A 3x3 layer of stride 1 and padding 1 on square images, as an initialiser. */
#define RT_CONV2D_3X3(IMAGES, SIDE, IN, OUT)                                                       \
    {                                                                                              \
        .images = (IMAGES), .height = (SIDE), .width = (SIDE), .in_channels = (IN),                \
        .out_channels = (OUT), .kernel_h = 3, .kernel_w = 3, .stride = 1, .top = 1, .left = 1,     \
        .dilation = 1, .out_height = (SIDE), .out_width = (SIDE)                                   \
    }

/** The backward pass of what made x: an activation and, unless `scales` is false, a batch norm with
 *  fixed statistics before it. */
typedef struct rt_conv2d_gradient_epilogue {
    rt_gpu_range x;                ///< the activation's output; not read if there is none
    float negative_slope, ceiling; ///< 1 and RT_NO_CEILING: no activation
    bool scales;                   ///< by weight / sqrt(variance + epsilon)
    rt_gpu_range variance, weight;
    float epsilon;
    rt_gpu_range addend; ///< added at the end if it is there
} rt_conv2d_gradient_epilogue;

/** An activation of shaders/relu.glsl. */
typedef struct rt_conv2d_activation {
    float negative_slope, ceiling;
} rt_conv2d_activation;

/** One pass of one layer; unused ranges are {0}. */
typedef struct rt_conv2d_call {
    rt_conv2d_shape shape;
    uint32_t candidate;              ///< which of the family's ways; 0 is the best known
    rt_gpu_range x, weight, bias, y; ///< forward reads the first three
    rt_gpu_range transposed;         ///< [tap][out][in]: for the gradient of x
    rt_gpu_range y_gradient;         ///< read by both gradients
    rt_gpu_range addend; ///< added to the gradient of x, or to the output (families with
                         ///< `epilogues`), if it is there
    rt_gpu_range x_gradient, weight_gradient; ///< written by them
    rt_gpu_range partial;                     ///< scratch of rt_conv2d_partial_bytes
    /* Done to each result on its way to memory, behind the addend (families with `epilogues`): */
    const rt_batch_norm_fixed *batch_norm; ///< of the forward pass, with its activation; NULL: none
    const rt_conv2d_activation *activation; ///< without a batch norm; NULL: none
    rt_gpu_range raw; ///< with one of them: where the output itself goes; {0}: nowhere
    const rt_conv2d_gradient_epilogue *gradient_epilogue; ///< of x's gradient; NULL: nothing
    const char *label;
} rt_conv2d_call;

typedef struct rt_conv2d_family {
    const char *name;
    bool epilogues; ///< forward and input_gradient heed call->batch_norm
    /** How many ways (tiles) the family has for a pass of this layer on this device, best known
     *  first; 0: it cannot do it, and another family does. Neither how many there are nor what
     *  each means may depend on the number of images: trials run over a few of them. */
    uint32_t (*candidates)(const rt_device_info *device, const rt_conv2d_shape *shape,
                           rt_conv2d_pass pass);
    /** How many partial sums a weight gradient is split into, by every candidate: depends on the
     *  shape alone, because the order of the sums decides the bits, and memory is planned without
     *  a device. */
    uint32_t (*splits)(const rt_conv2d_shape *shape);
    rt_status (*forward)(rt_program *program, const rt_conv2d_call *call);
    rt_status (*input_gradient)(rt_program *program, const rt_conv2d_call *call);
    rt_status (*weight_gradient)(rt_program *program, const rt_conv2d_call *call);
} rt_conv2d_family;

/** One way to do a pass of a layer. */
typedef struct rt_conv2d_choice {
    const rt_conv2d_family *family;
    uint32_t candidate;
} rt_conv2d_choice;

extern const rt_conv2d_family rt_conv2d_shuffle_family;
extern const rt_conv2d_family rt_conv2d_shared_family;
extern const rt_conv2d_family rt_conv2d_plain_family;
/** Not among rt_conv2d_families: it rounds to float16, which only the user may choose. */
extern const rt_conv2d_family rt_conv2d_cooperative_family;

/** All families, best known first. */
extern const rt_conv2d_family *const rt_conv2d_families[];
extern const uint32_t rt_conv2d_family_count;

/** The family of that name, `cooperative` too; NULL if there is none. */
const rt_conv2d_family *rt_conv2d_family_find(const char *name);

/** Records one pass as `choice` says, whatever call->candidate is. */
RT_CHECKED rt_status rt_conv2d_dispatch(rt_program *program, const rt_conv2d_choice *choice,
                                        rt_conv2d_pass pass, const rt_conv2d_call *call);

/** "forward", "input gradient" or "weight gradient". */
const char *rt_conv2d_pass_name(rt_conv2d_pass pass);

/** Multiplications and additions of a pass, each of the three alike. */
double rt_conv2d_flops(const rt_conv2d_shape *layer);

/** Scratch of a weight gradient: a copy of the weights for each part, as many as the family that
 *  makes most; 0 for one part. */
uint64_t rt_conv2d_partial_bytes(const rt_conv2d_shape *shape);

/** For families: fills the constants of shaders/conv2d_common.glsl. */
enum { RT_CONV2D_CONSTANTS = 11 };
void rt_conv2d_constants(const rt_conv2d_shape *shape, rt_constant constants[RT_CONV2D_CONSTANTS]);
/** Whether the fast families do such layers: dilation 1, and what their unrolled bodies have been
 *  tried with: strides up to 4, kernels and zeros on a side up to 7. The plain family does all. */
bool rt_conv2d_is_usual(const rt_conv2d_shape *shape);
/** For families that read texel buffers: adds up `partial` into the weights' gradient where there
 *  are several parts. */
RT_CHECKED rt_status rt_conv2d_reduce(rt_program *program, const rt_conv2d_call *call,
                                      uint32_t parts);

/** Sums of columns: total[column] = sum over rows of x [rows][columns4 vec4], in a fixed order.
 *  `scratch`: rt_column_sum_bytes. The gradient of a bias. */
RT_CHECKED rt_status rt_column_sum(rt_program *program, rt_gpu_range x, uint64_t rows,
                                   uint32_t columns4, rt_gpu_range total, rt_gpu_range scratch);
uint64_t rt_column_sum_bytes(uint32_t columns4);

#endif
