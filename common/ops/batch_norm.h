#ifndef RT_OPS_BATCH_NORM_H
#define RT_OPS_BATCH_NORM_H

/**
 * Batch normalisation (Ioffe and Szegedy 2015) with the activation that follows it, and, where a
 * residual block ends, with the block's input between the two:
 *     y = activation((x - mean) * weight / sqrt(variance + epsilon) + bias [+ residual])
 * a channel at a time. Not training: mean and variance are the running ones. Training: they are
 * the batch's, the variance biased (divided by M = N*H*W), and as PyTorch does it
 *     running_mean = (1 - momentum) * running_mean + momentum * mean
 *     running_var  = (1 - momentum) * running_var  + momentum * variance * M / (M - 1)
 * One pass over memory instead of three: stores are what costs on CPU drivers (docs/kernels.md).
 *     y = rt_batch_norm(graph, x, &inputs, &(rt_batch_norm_options){.epsilon = 1e-5f});
 */

#include "common/ops/leaky_relu.h"

typedef enum rt_activation {
    RT_ACTIVATION_NONE,
    RT_ACTIVATION_RELU,
    RT_ACTIVATION_LEAKY_RELU, ///< negative_slope * x below 0
    RT_ACTIVATION_RELU6,      ///< from 0 to 6
} rt_activation;

/** All {1,1,1,C} but the residual. */
typedef struct rt_batch_norm_inputs {
    rt_tensor *weight, *bias;
    rt_tensor *running_mean, *running_var; ///< NULL: only while training without their update
    rt_tensor *residual;                   ///< of x's shape; NULL: none
} rt_batch_norm_inputs;

typedef struct rt_batch_norm_options {
    bool training;
    bool update_statistics; ///< with `training`: moves running_mean and running_var
    float momentum;         ///< of the update; PyTorch's default is 0.1
    float epsilon;          ///< above 0; PyTorch's default is 1e-5
    rt_activation activation;
    float negative_slope; ///< of the leaky ReLU, at least 0
} rt_batch_norm_options;

/* One table a mode, because each keeps other tensors for its backward pass. */
extern const rt_operator rt_batch_norm_frozen_operator; ///< running statistics, gradient to x
extern const rt_operator rt_batch_norm_frozen_activated_operator; ///< the same with an activation
extern const rt_operator rt_batch_norm_running_operator;  ///< running statistics, all gradients
extern const rt_operator rt_batch_norm_training_operator; ///< the batch's statistics
extern const rt_operator rt_batch_norm_training_residual_operator;
extern const rt_operator rt_batch_norm_updating_operator; ///< and moves the running ones
extern const rt_operator rt_batch_norm_updating_residual_operator;

enum { RT_BATCH_NORM_RESIDUAL = 5 }; ///< which of a batch norm's inputs the residual is

/** A batch norm whose statistics, weight and bias are fixed: an affine function of each channel,
 *  which another kernel can do in passing. */
typedef struct rt_batch_norm_fixed {
    rt_gpu_range mean, variance, weight, bias;
    rt_gpu_range residual; ///< {0}: none
    float epsilon;
    float negative_slope; ///< of the activation: 1 for none, 0 for ReLU and ReLU6
    float ceiling;        ///< of the activation: 6 for ReLU6, else RT_NO_CEILING
} rt_batch_norm_fixed;

/** Whether the node is one, of either operator named "frozen". */
bool rt_batch_norm_is_fixed(const rt_node *node);
/** Its numbers, once its tensors have their ranges. */
rt_batch_norm_fixed rt_batch_norm_fixed_of(const rt_node *node);
/** The gradient of its x from `passed`, the gradient behind the activation. */
RT_CHECKED rt_status rt_batch_norm_fixed_backward(rt_program *program, const rt_node *node,
                                                  rt_gpu_range passed);

/**
 * Gradients to x, weight, bias and residual; each only where wanted. Where y's activation has no
 * derivative the slope below 0 counts at 0, and that above 6, which is 0, at 6. Errors:
 * RT_ERROR_INPUT for shapes or options that do not fit, and in training for a batch of one value a
 * channel (its variance says nothing).
 */
rt_tensor *rt_batch_norm(rt_graph *graph, rt_tensor *x, const rt_batch_norm_inputs *inputs,
                         const rt_batch_norm_options *options);

#endif
