#ifndef RT_NN_LAYERS_H
#define RT_NN_LAYERS_H

/**
 * Layers: operators together with their named parameters. A model family is one function that calls
 * them (common/nn/models/). It runs twice: once to declare the parameters of a set that is still
 * empty, and once for each application in a graph, where the names are looked up. So a family's
 * structure stands in one place.
 *     x = rt_layer_conv2d(layers, "conv1", x, &(rt_conv2d_layer){.channels = 16, ...});
 *     x = rt_layer_batch_norm(layers, "bn1", x, RT_ACTIVATION_RELU, 0);
 * Like a graph, layers take and return NULL after the first error (rt_graph_status). Names are
 * PyTorch's state_dict names: "conv1" makes "conv1.weight" and "conv1.bias".
 */

#include "common/graph/graph.h"
#include "common/ops/batch_norm.h"
#include "common/ops/conv_transpose2d.h"

/** How the weights of convolutions and linear layers are drawn. */
typedef enum rt_initial_rule {
    RT_RULE_FAN_IN_UNIFORM, ///< PyTorch's default: uniform within 1/sqrt(fan_in), biases too
    RT_RULE_HE_FAN_IN,      ///< N(0, 2/fan_in), biases 0 (He et al. 2015)
    RT_RULE_HE_FAN_OUT,     ///< N(0, 2/(kernel^2 out)), biases 0 (WRN, torchvision's ResNet)
    RT_RULE_GENERATOR,      ///< N(0, 0.02^2), biases 0; batch norm weights N(1, 0.02^2)
} rt_initial_rule;

/** A batch normalisation met on the way: what losses on its statistics need. */
typedef struct rt_batch_norm_use {
    rt_tensor *input;
    rt_tensor *running_mean, *running_var;
} rt_batch_norm_use;

enum { RT_MAXIMUM_TAPS = 8, RT_MAXIMUM_BATCH_NORMS = 256 };

typedef struct rt_layers {
    rt_graph *graph;
    rt_parameters *parameters;
    const char *scope;      ///< put before the names of nodes: "teacher"
    char block[64];         ///< put before the names of layers: "layer1.0." (rt_layers_enter)
    bool declare;           ///< add parameters that the set does not have yet
    bool training;          ///< batch norm uses the batch's statistics
    bool update_statistics; ///< and moves the running ones
    bool trained;           ///< gradients with respect to the weights are wanted
    rt_initial_rule rule;
    uint64_t dropout_seed;
    uint32_t dropout_count;         ///< dropouts so far
    rt_batch_norm_use *batch_norms; ///< room for RT_MAXIMUM_BATCH_NORMS, or NULL
    uint32_t batch_norm_count;
} rt_layers;

typedef struct rt_conv2d_layer {
    uint32_t channels; ///< of the output
    uint32_t kernel, stride, padding;
    bool bias;
    uint32_t kernel_w; ///< 0: as `kernel`, which else is the height
    uint32_t groups;   ///< of channels; 0 counts as 1
    uint32_t dilation; ///< distance of neighbouring taps; 0 counts as 1
    rt_sides more;     ///< further padding of single sides
} rt_conv2d_layer;

typedef struct rt_conv_transpose2d_layer {
    uint32_t channels;         ///< of the output
    uint32_t kernel, kernel_w; ///< the second 0: as the first
    rt_conv_transpose2d_options options;
    bool bias;
} rt_conv_transpose2d_layer;

/** The layers that follow are part of this block: "layer1.0" makes "conv1" "layer1.0.conv1".
 *  "" leaves it. */
void rt_layers_enter(rt_layers *layers, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

rt_tensor *rt_layer_conv2d(rt_layers *layers, const char *name, rt_tensor *x,
                           const rt_conv2d_layer *layer);
/** The weights' fan-in is that of PyTorch: channels / groups * kernel^2, of the output. */
rt_tensor *rt_layer_conv_transpose2d(rt_layers *layers, const char *name, rt_tensor *x,
                                     const rt_conv_transpose2d_layer *layer);
/** {N,1,1,I} -> {N,1,1,outputs}, with bias. */
rt_tensor *rt_layer_linear(rt_layers *layers, const char *name, rt_tensor *x, uint32_t outputs);
/** {N,1,1,I} -> {N,h,w,c}, with bias; c a multiple of 4. The file's outputs are channel-major, as
 *  a PyTorch linear layer followed by a reshape to [c,h,w] has them. */
rt_tensor *rt_layer_linear_to_image(rt_layers *layers, const char *name, rt_tensor *x,
                                    rt_shape image);
/** {N,h,w,c} -> {N,1,1,outputs}, with bias; c a multiple of 4. The file's inputs are channel-major,
 *  as a PyTorch linear layer behind x.flatten(1) has them. */
rt_tensor *rt_layer_linear_from_image(rt_layers *layers, const char *name, rt_tensor *x,
                                      uint32_t outputs);
/** Dropout while training, else x itself. The draws are of layers->dropout_seed and of the place in
 *  the order of the network's dropouts. */
rt_tensor *rt_layer_dropout(rt_layers *layers, rt_tensor *x, float probability);
/** With the activation that follows it fused. `negative_slope` is for leaky ReLU. */
rt_tensor *rt_layer_batch_norm(rt_layers *layers, const char *name, rt_tensor *x,
                               rt_activation activation, float negative_slope);
/** The end of a residual block: relu(batch norm of x + residual), of x's shape. */
rt_tensor *rt_layer_batch_norm_residual(rt_layers *layers, const char *name, rt_tensor *x,
                                        rt_tensor *residual);
/** The same without the ReLU: where a linear block ends (MobileNetV2). */
rt_tensor *rt_layer_batch_norm_add(rt_layers *layers, const char *name, rt_tensor *x,
                                   rt_tensor *residual);

typedef struct rt_batch_norm_layer {
    rt_tensor *residual; ///< added before the activation; NULL: none
    rt_activation activation;
    float negative_slope; ///< of a leaky ReLU
    float epsilon;
} rt_batch_norm_layer;
/** The same with everything said. */
rt_tensor *rt_layer_batch_norm_of(rt_layers *layers, const char *name, rt_tensor *x,
                                  const rt_batch_norm_layer *layer);
/** With weight and bias a channel. */
rt_tensor *rt_layer_instance_norm(rt_layers *layers, const char *name, rt_tensor *x, float epsilon);
/** One slope ("name.weight", 0.25 at first) a channel, or one for all. */
rt_tensor *rt_layer_prelu(rt_layers *layers, const char *name, rt_tensor *x, bool shared);
/** A tensor of fixed numbers, "name.value": kept in files, never trained; shape.n is 1. */
rt_tensor *rt_layer_constant(rt_layers *layers, const char *name, rt_shape shape);
/** Nodes made from here on are named after this layer (the layers above do it themselves). */
void rt_layers_scope(const rt_layers *layers, const char *name);
/** Declares a batch norm's parameters before it is applied: a set keeps the order of PyTorch's
 *  state_dict, where a block's last batch norm stands before the shortcut that it adds. */
void rt_layer_batch_norm_declare(rt_layers *layers, const char *name, uint32_t channels);

#endif
