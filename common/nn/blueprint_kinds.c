#include "common/nn/blueprint_private.h"

#include <assert.h>

#define AT(member) offsetof(rt_blueprint_layer, member)
#define WHOLE(member, least, most)                                                                 \
    {                                                                                              \
        .key = #member, .type = RT_ATTRIBUTE_WHOLE, .offset = AT(member), .minimum = (least),      \
        .maximum = (most)                                                                          \
    }
#define REAL(member, least, most)                                                                  \
    {                                                                                              \
        .key = #member, .type = RT_ATTRIBUTE_REAL, .offset = AT(member), .minimum = (least),       \
        .maximum = (most)                                                                          \
    }
#define FLAG(member)                                                                               \
    {                                                                                              \
        .key = #member, .type = RT_ATTRIBUTE_FLAG, .offset = AT(member)                            \
    }
#define SIDES(member, most)                                                                        \
    {                                                                                              \
        .key = #member, .type = RT_ATTRIBUTE_SIDES, .offset = AT(member), .maximum = (most)        \
    }
#define CHOICE(member, list)                                                                       \
    {                                                                                              \
        .key = #member, .type = RT_ATTRIBUTE_CHOICE, .offset = AT(member), .words = (list),        \
        .word_count = RT_COUNT(list)                                                               \
    }

enum { CHANNELS = 1 << 16, SIDE = 1 << 14, KERNEL = 64, POOL_KERNEL = SIDE, ANY = 1 << 20 };
#define FLOAT_LIMIT 3.4028234663852886e38

static const char *const activations[] = {[RT_ACTIVATION_NONE] = "none",
                                          [RT_ACTIVATION_RELU] = "relu",
                                          [RT_ACTIVATION_LEAKY_RELU] = "leaky_relu",
                                          [RT_ACTIVATION_RELU6] = "relu6"};
static const char *const functions[] = {
    [RT_ACTIVATE_CLIP] = "clip",
    [RT_ACTIVATE_HARD_SIGMOID] = "hard_sigmoid",
    [RT_ACTIVATE_HARD_SWISH] = "hard_swish",
    [RT_ACTIVATE_TANH] = "tanh",
    [RT_ACTIVATE_ELU] = "elu",
    [RT_ACTIVATE_GELU] = "gelu",
    [RT_ACTIVATE_GELU_TANH] = "gelu_tanh",
    [RT_ACTIVATE_SILU] = "silu",
    [RT_ACTIVATE_SOFTPLUS] = "softplus",
    [RT_ACTIVATE_EXP] = "exp",
    [RT_ACTIVATE_LOG] = "log",
    [RT_ACTIVATE_SQRT] = "sqrt",
    [RT_ACTIVATE_NEGATE] = "negate",
    [RT_ACTIVATE_ABS] = "abs",
    [RT_ACTIVATE_ERF] = "erf",
    [RT_ACTIVATE_POWER] = "power",
    [RT_ACTIVATE_RECIPROCAL] = "reciprocal",
};
static_assert(RT_COUNT(functions) == RT_ACTIVATE_COUNT, "every function has a word");
static const char *const modes[] = {
    [RT_RESIZE_NEAREST] = "nearest", [RT_RESIZE_BILINEAR] = "bilinear"};
static const char *const coordinates_[] = {[RT_RESIZE_HALF_PIXEL] = "half_pixel",
                                           [RT_RESIZE_ALIGN_CORNERS] = "align_corners",
                                           [RT_RESIZE_ASYMMETRIC] = "asymmetric"};
static const char *const roundings[] = {[RT_RESIZE_FLOOR] = "floor",
                                        [RT_RESIZE_ROUND_HALF_DOWN] = "round_half_down",
                                        [RT_RESIZE_ROUND_HALF_UP] = "round_half_up",
                                        [RT_RESIZE_CEILING] = "ceiling"};

#define FORM(text, least, most, ...)                                                               \
    {                                                                                              \
        .name = (text), .least_inputs = (least), .most_inputs = (most),                            \
        .attribute_count = RT_COUNT(((const rt_attribute[]){__VA_ARGS__})), .attributes = {        \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define PLAIN(text, inputs)                                                                        \
    {                                                                                              \
        .name = (text), .least_inputs = (inputs), .most_inputs = (inputs)                          \
    }
#define IMAGE WHOLE(height, 1, SIDE), WHOLE(width, 1, SIDE), WHOLE(channels, 1, ANY)
#define WINDOW WHOLE(kernel_h, 1, POOL_KERNEL), WHOLE(kernel_w, 1, POOL_KERNEL)

const rt_layer_form rt_layer_forms[RT_LAYER_KIND_COUNT] = {
    [RT_LAYER_CONV2D] = FORM(
        "conv2d", 1, 1, WHOLE(channels, 1, CHANNELS), WHOLE(kernel_h, 1, KERNEL),
        WHOLE(kernel_w, 1, KERNEL), WHOLE(stride, 1, KERNEL), WHOLE(padding, 0, KERNEL),
        SIDES(more, KERNEL), WHOLE(dilation, 1, KERNEL), WHOLE(groups, 1, CHANNELS), FLAG(bias)),
    [RT_LAYER_CONV_TRANSPOSE2D] =
        FORM("conv_transpose2d", 1, 1, WHOLE(channels, 1, CHANNELS), WHOLE(kernel_h, 1, KERNEL),
             WHOLE(kernel_w, 1, KERNEL), WHOLE(stride, 1, KERNEL), WHOLE(padding, 0, KERNEL),
             WHOLE(output_padding, 0, KERNEL), WHOLE(dilation, 1, KERNEL),
             WHOLE(groups, 1, CHANNELS), FLAG(bias)),
    [RT_LAYER_LINEAR] = FORM("linear", 1, 1, WHOLE(channels, 1, CHANNELS)),
    [RT_LAYER_BATCH_NORM] = FORM("batch_norm", 1, 2, REAL(epsilon, 1e-12, 1),
                                 CHOICE(activation, activations), REAL(slope, 0, 1)),
    [RT_LAYER_INSTANCE_NORM] = FORM("instance_norm", 1, 1, REAL(epsilon, 1e-12, 1)),
    [RT_LAYER_RELU] = PLAIN("relu", 1),
    [RT_LAYER_LEAKY_RELU] = FORM("leaky_relu", 1, 1, REAL(slope, 0, 1)),
    [RT_LAYER_PRELU] = FORM("prelu", 1, 1, FLAG(shared)),
    [RT_LAYER_SIGMOID] = PLAIN("sigmoid", 1),
    [RT_LAYER_ACTIVATION] =
        FORM("activation", 1, 1, CHOICE(function, functions), REAL(a, -FLOAT_LIMIT, FLOAT_LIMIT),
             REAL(b, -FLOAT_LIMIT, FLOAT_LIMIT)),
    [RT_LAYER_SCALE] = FORM("scale", 1, 1, REAL(factor, -FLOAT_LIMIT, FLOAT_LIMIT)),
    [RT_LAYER_SHIFT] = FORM("shift", 1, 1, REAL(offset, -FLOAT_LIMIT, FLOAT_LIMIT)),
    [RT_LAYER_CONSTANT] = FORM("constant", 0, 0, IMAGE),
    [RT_LAYER_ADD] = PLAIN("add", 2),
    [RT_LAYER_SUBTRACT] = PLAIN("subtract", 2),
    [RT_LAYER_MULTIPLY] = PLAIN("multiply", 2),
    [RT_LAYER_DIVIDE] = PLAIN("divide", 2),
    [RT_LAYER_CONCAT] = {.name = "concat",
                         .least_inputs = 1,
                         .most_inputs = RT_BLUEPRINT_MAXIMUM_INPUTS},
    [RT_LAYER_GATHER] = {.name = "gather",
                         .least_inputs = 1,
                         .most_inputs = 1,
                         .indices = true,
                         .attribute_count = 3,
                         .attributes = {IMAGE}},
    [RT_LAYER_RESHAPE] = FORM("reshape", 1, 1, IMAGE),
    [RT_LAYER_CHANNEL_SHUFFLE] = FORM("channel_shuffle", 1, 1, WHOLE(groups, 1, CHANNELS)),
    [RT_LAYER_SLICE_CHANNELS] =
        FORM("slice_channels", 1, 1, WHOLE(first, 0, ANY), WHOLE(channels, 1, ANY)),
    [RT_LAYER_PAD] = FORM("pad", 1, 1, SIDES(more, SIDE), REAL(value, -FLOAT_LIMIT, FLOAT_LIMIT)),
    [RT_LAYER_RESIZE] =
        FORM("resize", 1, 1, WHOLE(height, 1, SIDE), WHOLE(width, 1, SIDE), CHOICE(mode, modes),
             CHOICE(coordinates, coordinates_), CHOICE(rounding, roundings)),
    [RT_LAYER_MAX_POOL] =
        FORM("max_pool", 1, 1, WINDOW, WHOLE(stride, 1, SIDE), WHOLE(stride_w, 1, SIDE),
             WHOLE(padding, 0, SIDE), SIDES(more, SIDE)),
    [RT_LAYER_AVERAGE_POOL] =
        FORM("average_pool", 1, 1, WINDOW, WHOLE(stride, 1, SIDE), WHOLE(stride_w, 1, SIDE),
             WHOLE(padding, 0, SIDE), SIDES(more, SIDE), FLAG(skip_padding)),
    [RT_LAYER_GLOBAL_AVERAGE_POOL] = PLAIN("global_average_pool", 1),
    [RT_LAYER_REDUCE_MEAN] = FORM("reduce_mean", 1, 1, FLAG(over_pixels), FLAG(over_channels)),
    [RT_LAYER_SOFTMAX] = PLAIN("softmax", 1),
    [RT_LAYER_LOG_SOFTMAX] = PLAIN("log_softmax", 1),
};

const char *rt_layer_kind_name(rt_layer_kind kind) { return rt_layer_forms[kind].name; }
