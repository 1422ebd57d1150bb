#include "common/nn/layers.h"

#include "common/ops/conv2d.h"
#include "common/ops/conv_transpose2d.h"
#include "common/ops/dropout.h"
#include "common/ops/instance_norm.h"
#include "common/ops/prelu.h"
#include "common/ops/reshape.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { NAME_SIZE = 256 };
#define USUAL_EPSILON 1e-5f

void rt_layers_enter(rt_layers *layers, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(layers->block, sizeof layers->block, format, arguments);
    va_end(arguments);
    assert(length >= 0 && length + 1 < (int)sizeof layers->block); /* families use short names */
    if (length > 0) {
        layers->block[length] = '.';
        layers->block[length + 1] = '\0';
    }
}

/* The parameter "layer.field" as a tensor; declares it first where the set is being made. */
static rt_tensor *parameter(rt_layers *layers, const char *layer, const char *field,
                            rt_parameter declaration)
{
    if (rt_graph_status(layers->graph) != RT_OK) return NULL;
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s%s.%s", layers->block, layer, field);
    declaration.name = name;
    int64_t row = rt_parameters_find(layers->parameters, name);
    if (row < 0 && layers->declare) {
        uint32_t added = 0;
        const rt_status status = rt_parameters_add(layers->parameters, &declaration, &added);
        if (status != RT_OK) return rt_graph_fail(layers->graph, status);
        row = added;
    }
    if (row < 0)
        return rt_graph_fail(layers->graph,
                             rt_fail(RT_ERROR_INTERNAL, "there is no parameter '%s'", name));
    return rt_graph_parameter(layers->graph, layers->parameters, (uint32_t)row, layers->trained);
}

void rt_layers_scope(const rt_layers *layers, const char *name)
{
    char scope[NAME_SIZE];
    snprintf(scope, sizeof scope, "%s.%s%s", layers->scope, layers->block, name);
    rt_graph_scope(layers->graph, scope);
}

static rt_initial weight_initial(rt_initial_rule rule, uint32_t fan_in, uint32_t fan_out)
{
    switch (rule) {
    case RT_RULE_FAN_IN_UNIFORM: {
        const float bound = 1 / sqrtf((float)fan_in);
        return (rt_initial){RT_INITIAL_UNIFORM, -bound, bound};
    }
    case RT_RULE_HE_FAN_IN:
        return (rt_initial){RT_INITIAL_NORMAL, 0, sqrtf(2 / (float)fan_in)};
    case RT_RULE_HE_FAN_OUT:
        return (rt_initial){RT_INITIAL_NORMAL, 0, sqrtf(2 / (float)fan_out)};
    case RT_RULE_GENERATOR:
        break;
    }
    return (rt_initial){RT_INITIAL_NORMAL, 0, 0.02f};
}

static rt_initial bias_initial(rt_initial_rule rule, uint32_t fan_in)
{
    if (rule == RT_RULE_FAN_IN_UNIFORM) return weight_initial(rule, fan_in, 0);
    return (rt_initial){RT_INITIAL_CONSTANT, 0, 0};
}

/* "layer.weight" of a convolution, with the file's dims. */
static rt_tensor *convolution_weight(rt_layers *layers, const char *name, const uint32_t dims[4],
                                     uint32_t fan_in, uint32_t fan_out)
{
    return parameter(layers, name, "weight",
                     (rt_parameter){.layout = RT_LAYOUT_CONVOLUTION,
                                    .dims = {dims[0], dims[1], dims[2], dims[3]},
                                    .rank = 4,
                                    .initial = weight_initial(layers->rule, fan_in, fan_out)});
}

static rt_tensor *convolution_bias(rt_layers *layers, const char *name, uint32_t channels,
                                   uint32_t fan_in)
{
    return parameter(layers, name, "bias",
                     (rt_parameter){.layout = RT_LAYOUT_VECTOR,
                                    .dims = {channels},
                                    .rank = 1,
                                    .initial = bias_initial(layers->rule, fan_in)});
}

rt_tensor *rt_layer_conv2d(rt_layers *layers, const char *name, rt_tensor *x,
                           const rt_conv2d_layer *layer)
{
    if (x == NULL) return NULL;
    const uint32_t groups = layer->groups > 0 ? layer->groups : 1;
    const uint32_t kernel_w = layer->kernel_w > 0 ? layer->kernel_w : layer->kernel;
    const uint32_t taps = layer->kernel * kernel_w, in = x->shape.c / groups;
    const uint32_t fan_in = in * taps, fan_out = layer->channels * taps;
    rt_tensor *weight = convolution_weight(
        layers, name, (uint32_t[]){layer->channels, in, layer->kernel, kernel_w}, fan_in, fan_out);
    rt_tensor *bias = layer->bias ? convolution_bias(layers, name, layer->channels, fan_in) : NULL;
    rt_layers_scope(layers, name);
    return rt_conv2d(layers->graph, x, weight, bias,
                     &(rt_conv2d_options){.stride = layer->stride,
                                          .padding = layer->padding,
                                          .more = layer->more,
                                          .dilation = layer->dilation,
                                          .groups = groups});
}

rt_tensor *rt_layer_conv_transpose2d(rt_layers *layers, const char *name, rt_tensor *x,
                                     const rt_conv_transpose2d_layer *layer)
{
    if (x == NULL) return NULL;
    const uint32_t groups = layer->options.groups > 0 ? layer->options.groups : 1;
    const uint32_t kernel_w = layer->kernel_w > 0 ? layer->kernel_w : layer->kernel;
    const uint32_t taps = layer->kernel * kernel_w, out = layer->channels / groups;
    const uint32_t fan_in = out * taps, fan_out = x->shape.c * taps;
    rt_tensor *weight = convolution_weight(
        layers, name, (uint32_t[]){x->shape.c, out, layer->kernel, kernel_w}, fan_in, fan_out);
    rt_tensor *bias = layer->bias ? convolution_bias(layers, name, layer->channels, fan_in) : NULL;
    rt_layers_scope(layers, name);
    return rt_conv_transpose2d(layers->graph, x, weight, bias, &layer->options);
}

/* What a linear layer has on either side: a vector, or an image that the file knows channel by
 * channel. */
typedef struct linear_sides {
    const rt_shape *from_image, *to_image; /* NULL: a vector */
} linear_sides;

static void set_image(rt_parameter *parameter, rt_parameter_layout layout, const rt_shape *image)
{
    parameter->layout = layout;
    parameter->image_h = image->h;
    parameter->image_w = image->w;
    parameter->image_c = image->c;
}

static rt_tensor *linear(rt_layers *layers, const char *name, rt_tensor *x, uint32_t outputs,
                         linear_sides sides)
{
    if (x == NULL) return NULL;
    const uint32_t inputs = x->shape.c;
    rt_parameter weight = {.layout = RT_LAYOUT_LINEAR,
                           .dims = {outputs, inputs},
                           .rank = 2,
                           .initial = weight_initial(layers->rule == RT_RULE_GENERATOR
                                                         ? RT_RULE_GENERATOR
                                                         : RT_RULE_FAN_IN_UNIFORM,
                                                     inputs, outputs)};
    rt_parameter bias = {.layout = RT_LAYOUT_VECTOR,
                         .dims = {outputs},
                         .rank = 1,
                         .initial = bias_initial(layers->rule, inputs)};
    if (sides.from_image != NULL) set_image(&weight, RT_LAYOUT_LINEAR_FROM_IMAGE, sides.from_image);
    if (sides.to_image != NULL) {
        set_image(&weight, RT_LAYOUT_LINEAR_TO_IMAGE, sides.to_image);
        set_image(&bias, RT_LAYOUT_VECTOR_TO_IMAGE, sides.to_image);
    }
    rt_tensor *weight_tensor = parameter(layers, name, "weight", weight);
    rt_tensor *bias_tensor = parameter(layers, name, "bias", bias);
    rt_layers_scope(layers, name);
    return rt_linear(layers->graph, x, weight_tensor, bias_tensor);
}

rt_tensor *rt_layer_linear(rt_layers *layers, const char *name, rt_tensor *x, uint32_t outputs)
{
    return linear(layers, name, x, outputs, (linear_sides){0});
}

rt_tensor *rt_layer_linear_to_image(rt_layers *layers, const char *name, rt_tensor *x,
                                    rt_shape image)
{
    const linear_sides sides = {.to_image = &image};
    rt_tensor *y = linear(layers, name, x, image.h * image.w * image.c, sides);
    return rt_reshape(layers->graph, y, image);
}

rt_tensor *rt_layer_linear_from_image(rt_layers *layers, const char *name, rt_tensor *x,
                                      uint32_t outputs)
{
    if (x == NULL) return NULL;
    const rt_shape image = x->shape;
    x = rt_reshape(layers->graph, x, (rt_shape){image.n, 1, 1, image.h * image.w * image.c});
    return linear(layers, name, x, outputs, (linear_sides){.from_image = &image});
}

rt_tensor *rt_layer_dropout(rt_layers *layers, rt_tensor *x, float probability)
{
    if (!layers->training || probability == 0) return x;
    const rt_dropout_options options = {
        .probability = probability, .seed = layers->dropout_seed, .layer = layers->dropout_count++};
    rt_graph_scope(layers->graph, layers->scope);
    return rt_dropout(layers->graph, x, &options);
}

static rt_batch_norm_inputs batch_norm_parameters(rt_layers *layers, const char *name,
                                                  uint32_t channels)
{
    const rt_parameter vector = {
        .layout = RT_LAYOUT_VECTOR, .dims = {channels}, .rank = 1, .initial = {.a = 0}};
    rt_parameter weight = vector, running_mean = vector, running_var = vector;
    weight.initial.a = running_var.initial.a = 1;
    if (layers->rule == RT_RULE_GENERATOR)
        weight.initial = (rt_initial){RT_INITIAL_NORMAL, 1, 0.02f};
    running_mean.statistic = running_var.statistic = true;
    return (rt_batch_norm_inputs){
        .weight = parameter(layers, name, "weight", weight),
        .bias = parameter(layers, name, "bias", vector),
        .running_mean = parameter(layers, name, "running_mean", running_mean),
        .running_var = parameter(layers, name, "running_var", running_var),
    };
}

rt_tensor *rt_layer_batch_norm_of(rt_layers *layers, const char *name, rt_tensor *x,
                                  const rt_batch_norm_layer *layer)
{
    if (x == NULL) return NULL;
    rt_batch_norm_inputs inputs = batch_norm_parameters(layers, name, x->shape.c);
    inputs.residual = layer->residual;
    if (layers->batch_norms != NULL && layers->batch_norm_count == RT_MAXIMUM_BATCH_NORMS)
        return rt_graph_fail(layers->graph,
                             rt_fail(RT_ERROR_INPUT, "a network of more than %d batch norms",
                                     RT_MAXIMUM_BATCH_NORMS));
    if (layers->batch_norms != NULL)
        layers->batch_norms[layers->batch_norm_count++] =
            (rt_batch_norm_use){x, inputs.running_mean, inputs.running_var};
    rt_layers_scope(layers, name);
    const rt_batch_norm_options options = {
        .training = layers->training,
        .update_statistics = layers->update_statistics,
        .momentum = 0.1f,
        .epsilon = layer->epsilon,
        .activation = layer->activation,
        .negative_slope = layer->negative_slope,
    };
    return rt_batch_norm(layers->graph, x, &inputs, &options);
}

void rt_layer_batch_norm_declare(rt_layers *layers, const char *name, uint32_t channels)
{
    if (layers->declare) batch_norm_parameters(layers, name, channels);
}

rt_tensor *rt_layer_batch_norm(rt_layers *layers, const char *name, rt_tensor *x,
                               rt_activation activation, float negative_slope)
{
    return rt_layer_batch_norm_of(layers, name, x,
                                  &(rt_batch_norm_layer){.activation = activation,
                                                         .negative_slope = negative_slope,
                                                         .epsilon = USUAL_EPSILON});
}

rt_tensor *rt_layer_batch_norm_residual(rt_layers *layers, const char *name, rt_tensor *x,
                                        rt_tensor *residual)
{
    if (residual == NULL) return NULL;
    return rt_layer_batch_norm_of(layers, name, x,
                                  &(rt_batch_norm_layer){.residual = residual,
                                                         .activation = RT_ACTIVATION_RELU,
                                                         .epsilon = USUAL_EPSILON});
}

rt_tensor *rt_layer_instance_norm(rt_layers *layers, const char *name, rt_tensor *x, float epsilon)
{
    if (x == NULL) return NULL;
    rt_parameter vector = {.layout = RT_LAYOUT_VECTOR, .dims = {x->shape.c}, .rank = 1};
    rt_tensor *bias = parameter(layers, name, "bias", vector);
    vector.initial.a = 1;
    rt_tensor *weight = parameter(layers, name, "weight", vector);
    rt_layers_scope(layers, name);
    return rt_instance_norm(layers->graph, x, weight, bias, epsilon);
}

rt_tensor *rt_layer_prelu(rt_layers *layers, const char *name, rt_tensor *x, bool shared)
{
    if (x == NULL) return NULL;
    rt_tensor *slope = parameter(layers, name, "weight",
                                 (rt_parameter){.layout = RT_LAYOUT_VECTOR,
                                                .dims = {shared ? 1 : x->shape.c},
                                                .rank = 1,
                                                .initial.a = 0.25f});
    rt_layers_scope(layers, name);
    return rt_prelu(layers->graph, x, slope);
}

rt_tensor *rt_layer_constant(rt_layers *layers, const char *name, rt_shape shape)
{
    return parameter(layers, name, "value",
                     (rt_parameter){.layout = RT_LAYOUT_DENSE,
                                    .dims = {shape.n, shape.h, shape.w, shape.c},
                                    .rank = 4,
                                    .statistic = true});
}

rt_tensor *rt_layer_batch_norm_add(rt_layers *layers, const char *name, rt_tensor *x,
                                   rt_tensor *residual)
{
    if (residual == NULL) return NULL;
    return rt_layer_batch_norm_of(
        layers, name, x, &(rt_batch_norm_layer){.residual = residual, .epsilon = USUAL_EPSILON});
}
