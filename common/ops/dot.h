#ifndef RT_OPS_DOT_H
#define RT_OPS_DOT_H

#include "common/graph/graph.h"

extern const rt_operator rt_dot_operator;

/** y = sum of a * b over all numbers, a scalar {1,1,1,1}; a and b of equal shapes (the same tensor
 *  twice gives the sum of squares). Summed in a fixed order. Errors: RT_ERROR_INPUT. */
rt_tensor *rt_dot(rt_graph *graph, rt_tensor *a, rt_tensor *b);

#endif
