/* Networks that came as a graph: walks the layers of a blueprint (common/nn/blueprint.h).
 * Features: what the last linear layer reads; without one, what the last convolution reads, pooled.
 * Taps: the last tensor of each resolution on the way down, as the stages of a ResNet end. */

#include "common/nn/blueprint.h"
#include "common/nn/models/models.h"

#include "common/ops/binary.h"
#include "common/ops/channel_shuffle.h"
#include "common/ops/concat.h"
#include "common/ops/gather.h"
#include "common/ops/global_average_pool.h"
#include "common/ops/leaky_relu.h"
#include "common/ops/log_softmax.h"
#include "common/ops/pad.h"
#include "common/ops/pool.h"
#include "common/ops/reduce_mean.h"
#include "common/ops/relu.h"
#include "common/ops/reshape.h"
#include "common/ops/scale.h"
#include "common/ops/sigmoid.h"
#include "common/ops/slice_channels.h"
#include "common/ops/softmax.h"

#include <string.h>

/* Numbers of one image in one tensor: what a file may ask for before anybody counts memory. */
enum { LARGEST_SAMPLE = 1 << 28 };

typedef rt_tensor *const *operands;

static bool matches(const char *arch) { return strcmp(arch, "graph") == 0; }

static rt_status check(const rt_network_description *description)
{
    if (description->blueprint == NULL)
        return rt_fail(RT_ERROR_INPUT,
                       "a network of arch 'graph' comes from a file that has the graph: an ONNX "
                       "file, or one that was made of it");
    return rt_blueprint_check(description->blueprint);
}

static rt_tensor *build_pool(rt_graph *graph, const rt_blueprint_layer *l, rt_tensor *x)
{
    const rt_pool_options options = {.kernel = l->kernel_h,
                                     .kernel_w = l->kernel_w,
                                     .stride = l->stride,
                                     .stride_w = l->stride_w,
                                     .padding = l->padding,
                                     .more = l->more,
                                     .skip_padding = l->skip_padding};
    return l->kind == RT_LAYER_MAX_POOL ? rt_max_pool(graph, x, &options)
                                        : rt_average_pool(graph, x, &options);
}

/* Each pixel's channels by themselves: the pixels are seen as samples. */
static rt_tensor *build_softmax(rt_graph *graph, const rt_blueprint_layer *l, rt_tensor *x)
{
    const rt_shape shape = x->shape;
    rt_tensor *rows = x;
    if (shape.h * shape.w > 1)
        rows = rt_reshape(graph, x, (rt_shape){shape.n * shape.h * shape.w, 1, 1, shape.c});
    rows = l->kind == RT_LAYER_SOFTMAX ? rt_softmax(graph, rows) : rt_log_softmax(graph, rows);
    return shape.h * shape.w > 1 && rows != NULL ? rt_reshape(graph, rows, shape) : rows;
}

static rt_tensor *build_shift(rt_graph *graph, const rt_blueprint_layer *l, rt_tensor *x)
{
    rt_tensor *offset = rt_graph_constant(graph, "offset", (rt_shape){1, 1, 1, 1}, &l->offset);
    return rt_add_broadcast(graph, x, offset);
}

static rt_tensor *build_resize(rt_graph *graph, const rt_blueprint_layer *l, rt_tensor *x)
{
    return rt_resize(graph, x,
                     &(rt_resize_options){.height = l->height,
                                          .width = l->width,
                                          .mode = l->mode,
                                          .coordinates = l->coordinates,
                                          .rounding = l->rounding});
}

/* The layers that have parameters. */
static rt_tensor *build_layer(rt_layers *layers, const rt_blueprint_layer *l, operands x)
{
    switch (l->kind) {
    case RT_LAYER_CONV2D:
        return rt_layer_conv2d(layers, l->name, x[0],
                               &(rt_conv2d_layer){.channels = l->channels,
                                                  .kernel = l->kernel_h,
                                                  .kernel_w = l->kernel_w,
                                                  .stride = l->stride,
                                                  .padding = l->padding,
                                                  .more = l->more,
                                                  .dilation = l->dilation,
                                                  .groups = l->groups,
                                                  .bias = l->bias});
    case RT_LAYER_CONV_TRANSPOSE2D:
        return rt_layer_conv_transpose2d(
            layers, l->name, x[0],
            &(rt_conv_transpose2d_layer){.channels = l->channels,
                                         .kernel = l->kernel_h,
                                         .kernel_w = l->kernel_w,
                                         .options = {.stride = l->stride,
                                                     .padding = l->padding,
                                                     .output_padding = l->output_padding,
                                                     .dilation = l->dilation,
                                                     .groups = l->groups},
                                         .bias = l->bias});
    case RT_LAYER_LINEAR:
        return rt_layer_linear(layers, l->name, x[0], l->channels);
    case RT_LAYER_BATCH_NORM:
        return rt_layer_batch_norm_of(layers, l->name, x[0],
                                      &(rt_batch_norm_layer){
                                          .residual = l->input_count > 1 ? x[1] : NULL,
                                          .activation = l->activation,
                                          .negative_slope = l->slope,
                                          .epsilon = l->epsilon,
                                      });
    case RT_LAYER_INSTANCE_NORM:
        return rt_layer_instance_norm(layers, l->name, x[0], l->epsilon);
    case RT_LAYER_PRELU:
        return rt_layer_prelu(layers, l->name, x[0], l->shared);
    default:
        break;
    }
    return rt_layer_constant(layers, l->name, (rt_shape){1, l->height, l->width, l->channels});
}

/* The layers without. */
static rt_tensor *build_operator(rt_graph *graph, const rt_blueprint_layer *l, operands x,
                                 uint32_t batch)
{
    const rt_shape shape = {batch, l->height, l->width, l->channels};
    switch (l->kind) {
    case RT_LAYER_RELU:
        return rt_relu(graph, x[0]);
    case RT_LAYER_LEAKY_RELU:
        return rt_leaky_relu(graph, x[0], l->slope);
    case RT_LAYER_SIGMOID:
        return rt_sigmoid(graph, x[0]);
    case RT_LAYER_ACTIVATION:
        return rt_activate(graph, x[0], &(rt_activation_options){l->function, l->a, l->b});
    case RT_LAYER_SCALE:
        return rt_scale(graph, x[0], l->factor);
    case RT_LAYER_SHIFT:
        return build_shift(graph, l, x[0]);
    case RT_LAYER_ADD:
        return rt_add_broadcast(graph, x[0], x[1]);
    case RT_LAYER_SUBTRACT:
        return rt_subtract(graph, x[0], x[1]);
    case RT_LAYER_MULTIPLY:
        return rt_multiply(graph, x[0], x[1]);
    case RT_LAYER_DIVIDE:
        return rt_divide(graph, x[0], x[1]);
    case RT_LAYER_CONCAT:
        return rt_concat(graph, x, l->input_count);
    case RT_LAYER_GATHER:
        return rt_gather(graph, x[0], shape, l->indices);
    case RT_LAYER_RESHAPE:
        return rt_reshape(graph, x[0], shape);
    case RT_LAYER_CHANNEL_SHUFFLE:
        return rt_channel_shuffle(graph, x[0], l->groups);
    case RT_LAYER_SLICE_CHANNELS:
        return rt_slice_channels(graph, x[0], l->first, l->channels);
    case RT_LAYER_PAD:
        return rt_pad(graph, x[0], l->more, l->value);
    case RT_LAYER_RESIZE:
        return build_resize(graph, l, x[0]);
    case RT_LAYER_MAX_POOL:
    case RT_LAYER_AVERAGE_POOL:
        return build_pool(graph, l, x[0]);
    case RT_LAYER_GLOBAL_AVERAGE_POOL:
        return rt_global_average_pool(graph, x[0]);
    case RT_LAYER_REDUCE_MEAN:
        return rt_reduce_mean(graph, x[0], l->over_pixels, l->over_channels);
    default:
        break;
    }
    return build_softmax(graph, l, x[0]);
}

static bool has_parameters(rt_layer_kind kind)
{
    return kind <= RT_LAYER_INSTANCE_NORM || kind == RT_LAYER_PRELU || kind == RT_LAYER_CONSTANT;
}

static rt_status check_output(const rt_tensor *y, uint32_t batch)
{
    const rt_shape s = y->shape;
    if (s.n != batch && s.n != 1)
        return rt_fail(RT_ERROR_INPUT, "it makes %u samples of %u", s.n, batch);
    if ((uint64_t)s.h * s.w > LARGEST_SAMPLE || (uint64_t)s.h * s.w * s.c > LARGEST_SAMPLE)
        return rt_fail(RT_ERROR_INPUT, "%ux%ux%u numbers an image are too many; at most %d", s.h,
                       s.w, s.c, LARGEST_SAMPLE);
    return RT_OK;
}

/* values[position + 1] from those before it. */
static rt_status build_one(rt_layers *layers, const rt_blueprint *blueprint, uint32_t position,
                           rt_tensor **values)
{
    const rt_blueprint_layer *l = &blueprint->layers[position];
    rt_tensor *x[RT_BLUEPRINT_MAXIMUM_INPUTS] = {NULL};
    for (uint32_t i = 0; i < l->input_count; i++) x[i] = values[l->inputs[i]];
    rt_layers_scope(layers, l->name);
    rt_tensor *y = has_parameters(l->kind)
                       ? build_layer(layers, l, x)
                       : build_operator(layers->graph, l, x, values[0]->shape.n);
    values[position + 1] = y;
    RT_TRY(rt_graph_status(layers->graph)); /* its message names the layer */
    const rt_status status = check_output(y, values[0]->shape.n);
    if (status != RT_OK) rt_error_prefix("layer '%s': ", l->name);
    return status;
}

static void find_taps(const rt_blueprint *blueprint, rt_tensor *const *values,
                      rt_network_outputs *outputs)
{
    uint64_t smallest = UINT64_MAX;
    for (uint32_t i = 0; i < blueprint->layer_count; i++) {
        const rt_shape s = values[i + 1]->shape;
        const uint64_t pixels = (uint64_t)s.h * s.w;
        if (blueprint->layers[i].kind == RT_LAYER_CONSTANT || pixels == 1 || pixels > smallest)
            continue;
        if (pixels < smallest) {
            if (outputs->tap_count == RT_MAXIMUM_TAPS) /* the deep ones say more */
                memmove(outputs->taps, outputs->taps + 1,
                        --outputs->tap_count * sizeof *outputs->taps);
            outputs->tap_count++;
            smallest = pixels;
        }
        outputs->taps[outputs->tap_count - 1] = values[i + 1];
    }
}

/* The last layer of a kind, or NULL. */
static const rt_blueprint_layer *last_of(const rt_blueprint *blueprint, rt_layer_kind kind)
{
    for (uint32_t i = blueprint->layer_count; i > 0; i--)
        if (blueprint->layers[i - 1].kind == kind) return &blueprint->layers[i - 1];
    return NULL;
}

static rt_tensor *find_features(rt_graph *graph, const rt_blueprint *blueprint,
                                rt_tensor *const *values)
{
    const rt_blueprint_layer *last = last_of(blueprint, RT_LAYER_LINEAR);
    if (last == NULL) last = last_of(blueprint, RT_LAYER_CONV2D);
    rt_tensor *features = values[last != NULL ? last->inputs[0] : blueprint->layer_count];
    if (features->shape.h * features->shape.w == 1) return features;
    rt_graph_scope(graph, "features");
    return rt_global_average_pool(graph, features);
}

static rt_status build_all(rt_layers *layers, const rt_network_description *d, rt_tensor **values,
                           rt_network_outputs *outputs)
{
    const rt_blueprint *blueprint = d->blueprint;
    for (uint32_t i = 0; i < blueprint->layer_count; i++)
        RT_TRY(build_one(layers, blueprint, i, values));
    rt_tensor *logits = values[blueprint->layer_count];
    const rt_shape s = logits->shape;
    if (!rt_shape_equal(s, (rt_shape){values[0]->shape.n, 1, 1, d->classes}))
        return rt_fail(RT_ERROR_INPUT,
                       "the graph gives %ux%ux%u numbers an image where %u classes need as many",
                       s.h, s.w, s.c, d->classes);
    find_taps(blueprint, values, outputs);
    outputs->features = find_features(layers->graph, blueprint, values);
    outputs->logits = logits;
    return RT_OK;
}

static void build(rt_layers *layers, const rt_network_description *d, rt_tensor *x,
                  rt_network_outputs *outputs)
{
    if (x == NULL) return;
    rt_tensor **values = rt_alloc(d->blueprint->layer_count + 1, sizeof *values);
    if (values == NULL) {
        rt_graph_fail(layers->graph, RT_ERROR_MEMORY);
        return;
    }
    values[0] = x;
    const rt_status status = build_all(layers, d, values, outputs);
    if (status != RT_OK) rt_graph_fail(layers->graph, status);
    rt_free(values);
}

const rt_model_family rt_graph_family = {
    .pattern = "graph (of an ONNX file)",
    .matches = matches,
    .check = check,
    .rule = RT_RULE_HE_FAN_OUT,
    .build = build,
};
