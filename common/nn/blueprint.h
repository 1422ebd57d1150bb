#ifndef RT_NN_BLUEPRINT_H
#define RT_NN_BLUEPRINT_H

/**
 * A blueprint: a network that came as a graph (an ONNX file), as a list of layers in Retort's
 * terms. It says what is computed; the numbers are parameters of the network under the layers'
 * names ("NAME.weight"), as with every architecture. The family that builds from it is
 * common/nn/models/graph.c, its arch is "graph".
 *     rt_blueprint_layer layers[] = {
 *         {.kind = RT_LAYER_CONV2D, .name = "conv1", .inputs = (uint32_t[]){0}, .input_count = 1,
 *          .channels = 16, .kernel_h = 3, .kernel_w = 3, .stride = 1, .dilation = 1, .groups = 1},
 *         ...};
 *     rt_network_description description = {.arch = "graph", .blueprint = &blueprint, ...};
 * Values are numbered: 0 is the normalised image, k > 0 what layers[k - 1] gives. A layer reads
 * values of smaller numbers only; the last layer gives the logits {N,1,1,classes}.
 *
 * In model files a blueprint is JSON under the metadata key "graph" (docs/models.md). Its reader is
 * strict: the file is input from outside.
 */

#include "common/base/memory.h"
#include "common/ops/activation.h"
#include "common/ops/batch_norm.h"
#include "common/ops/resize.h"
#include "common/ops/sides.h"

/** Shapes: x is the first input, {N,H,W,C}. Attributes stand in brackets; docs/models.md lists
 *  their ranges. The operators' headers say what each computes. */
typedef enum rt_layer_kind {
    RT_LAYER_CONV2D,           ///< [channels kernel_h kernel_w stride padding more dilation groups
                               ///< bias], NAME.weight [O, C/groups, kh, kw], NAME.bias [O]
    RT_LAYER_CONV_TRANSPOSE2D, ///< [channels kernel_h kernel_w stride padding output_padding
                               ///< dilation groups bias], NAME.weight [C, O/groups, kh, kw],
                               ///< NAME.bias [O]
    RT_LAYER_LINEAR,           ///< [channels], {N,1,1,I}; NAME.weight [O,I], NAME.bias [O]
    RT_LAYER_BATCH_NORM,       ///< [epsilon activation slope], with a second input: + residual;
                               ///< NAME.weight, .bias, .running_mean, .running_var [C]
    RT_LAYER_INSTANCE_NORM,    ///< [epsilon], NAME.weight, NAME.bias [C]
    RT_LAYER_RELU,
    RT_LAYER_LEAKY_RELU, ///< [slope]
    RT_LAYER_PRELU,      ///< [shared], NAME.weight [C], or [1] where it is shared
    RT_LAYER_SIGMOID,
    RT_LAYER_ACTIVATION, ///< [function a b]
    RT_LAYER_SCALE,      ///< [factor]
    RT_LAYER_SHIFT,      ///< [offset]: x + offset
    RT_LAYER_CONSTANT,   ///< [height width channels], no input; {1,h,w,c}, NAME.value [1,h,w,c]
    RT_LAYER_ADD,        ///< of two, one of which may be repeated along h, w and c (binary.h)
    RT_LAYER_SUBTRACT,
    RT_LAYER_MULTIPLY,
    RT_LAYER_DIVIDE,
    RT_LAYER_CONCAT,          ///< of channels
    RT_LAYER_GATHER,          ///< [height width channels indices]
    RT_LAYER_RESHAPE,         ///< [height width channels], where no memory moves (reshape.h)
    RT_LAYER_CHANNEL_SHUFFLE, ///< [groups]
    RT_LAYER_SLICE_CHANNELS,  ///< [first channels]
    RT_LAYER_PAD,             ///< [more value]
    RT_LAYER_RESIZE,          ///< [height width mode coordinates rounding]
    RT_LAYER_MAX_POOL,        ///< [kernel_h kernel_w stride stride_w padding more]
    RT_LAYER_AVERAGE_POOL,    ///< the same and [skip_padding]
    RT_LAYER_GLOBAL_AVERAGE_POOL,
    RT_LAYER_REDUCE_MEAN, ///< [over_pixels over_channels]
    RT_LAYER_SOFTMAX,     ///< over the channels of each pixel
    RT_LAYER_LOG_SOFTMAX,
    RT_LAYER_KIND_COUNT
} rt_layer_kind;

typedef struct rt_blueprint_layer {
    rt_layer_kind kind;
    const char *name;       ///< 1 to 100 of the characters A-Z a-z 0-9 _ . : / -; each name once
    const uint32_t *inputs; ///< numbers of values
    uint32_t input_count;
    /* Attributes; those that the kind does not have are zero. */
    uint32_t channels, height, width; ///< of the output
    uint32_t kernel_h, kernel_w, stride, stride_w, padding, output_padding, dilation, groups, first;
    rt_sides more;
    bool bias, skip_padding, over_pixels, over_channels, shared;
    float epsilon, slope, a, b, factor, offset, value;
    rt_activation activation;    ///< of a batch norm
    rt_activation_kind function; ///< of RT_LAYER_ACTIVATION
    rt_resize_mode mode;
    rt_resize_coordinates coordinates;
    rt_resize_rounding rounding;
    const int32_t *indices; ///< height * width * channels, as rt_gather takes them
    uint32_t index_count;
} rt_blueprint_layer;

typedef struct rt_blueprint {
    const rt_blueprint_layer *layers;
    uint32_t layer_count;
} rt_blueprint;

enum {
    RT_BLUEPRINT_MAXIMUM_LAYERS = 16384,
    RT_BLUEPRINT_MAXIMUM_INPUTS = 1024,     ///< of one layer (concat)
    RT_BLUEPRINT_MAXIMUM_INDICES = 1 << 24, ///< of all gathers together
    RT_BLUEPRINT_MAXIMUM_NAME = 100,
};

/** Whether it is well formed: known kinds, numbers in range, names unique, inputs before use. What
 *  depends on the image's size is found when the network is built.
 *  Errors: RT_ERROR_INPUT naming layer and attribute. */
RT_CHECKED rt_status rt_blueprint_check(const rt_blueprint *blueprint);
/** A copy that lies in `arena` whole. */
RT_CHECKED rt_status rt_blueprint_copy(rt_blueprint *copy, const rt_blueprint *blueprint,
                                       rt_arena *arena);
/** Appends it as JSON: equal blueprints make equal text. */
RT_CHECKED rt_status rt_blueprint_write(const rt_blueprint *blueprint, rt_buffer *json);
/** Reads what rt_blueprint_write wrote, into `arena`, and checks it. Errors: RT_ERROR_INPUT naming
 *  the byte, or layer and attribute, that is wrong. */
RT_CHECKED rt_status rt_blueprint_read(rt_blueprint *blueprint, const char *json, rt_arena *arena);

/** "conv2d": what a kind is called in JSON. */
const char *rt_layer_kind_name(rt_layer_kind kind);

#endif
