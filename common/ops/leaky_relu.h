#ifndef RT_OPS_LEAKY_RELU_H
#define RT_OPS_LEAKY_RELU_H

#include "common/graph/graph.h"

#include <float.h>

#define RT_NO_CEILING FLT_MAX ///< for kernels of shaders/relu.glsl: results of any size

extern const rt_operator rt_leaky_relu_operator;

/** What a node of it has as attributes: the arguments. */
typedef struct rt_leaky_relu_attributes {
    float negative_slope;
} rt_leaky_relu_attributes;

/** y = x where x > 0, else negative_slope * x; any shape. Errors: RT_ERROR_INPUT for a slope < 0.
 */
rt_tensor *rt_leaky_relu(rt_graph *graph, rt_tensor *x, float negative_slope);

#endif
