#ifndef RT_OPS_ADD_H
#define RT_OPS_ADD_H

#include "common/graph/graph.h"

extern const rt_operator rt_add_operator;

/** y = a + b, of equal shapes. Both gradients are y's, without a copy. Errors: RT_ERROR_INPUT. */
rt_tensor *rt_add(rt_graph *graph, rt_tensor *a, rt_tensor *b);

#endif
