#ifndef RT_OPS_L2_NORMALISE_H
#define RT_OPS_L2_NORMALISE_H

#include "common/graph/graph.h"

/**
 * y = x / max(|x|, epsilon) for every sample of x {N,1,1,D}; |.| is the Euclidean norm over its D
 * numbers. The usual epsilon is 1e-12.
 * Gradient: (g - y (y.g)) / |x|, and g / epsilon where |x| < epsilon.
 * Errors: RT_ERROR_INPUT for another shape or an epsilon that is not positive.
 */
rt_tensor *rt_l2_normalise(rt_graph *graph, rt_tensor *x, float epsilon);

extern const rt_operator rt_l2_normalise_operator;

#endif
