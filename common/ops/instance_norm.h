#ifndef RT_OPS_INSTANCE_NORM_H
#define RT_OPS_INSTANCE_NORM_H

#include "common/graph/graph.h"

extern const rt_operator rt_instance_norm_operator;

/** What a node of it has as attributes: the arguments. */
typedef struct rt_instance_norm_attributes {
    float epsilon;
} rt_instance_norm_attributes;

/**
 * Instance normalisation (Ulyanov et al. 2016): batch normalisation with the statistics of each
 * image by itself, in training and evaluation alike:
 *     y = (x - mean) * weight / sqrt(variance + epsilon) + bias
 * mean and (biased) variance over the pixels of each image and channel; weight, bias {1,1,1,C}.
 * Gradients to all three.
 * Errors: RT_ERROR_INPUT for weights of another shape or an epsilon that is not above 0.
 */
rt_tensor *rt_instance_norm(rt_graph *graph, rt_tensor *x, rt_tensor *weight, rt_tensor *bias,
                            float epsilon);

#endif
